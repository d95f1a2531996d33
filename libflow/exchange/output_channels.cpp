#include "libflow/exchange/output_channels.hpp"

#include <utility>

#include "libflow/core/assert.hpp"

namespace flow {

output_channels::output_channels(channel_sink& target,
                                 std::size_t channel_count,
                                 std::uint32_t window)
  : target_(target),
    channels_(channel_count, channel_state{credit_account{window}, {}, 0}) {}

void output_channels::offer(std::size_t channel, stream_element element) {
  FLOW_ASSERT(channel < channels_.size(), "no such channel");
  channel_state& state = channels_[channel];
  if (state.overdraft.empty()) {
    if (!element.costs_credit() || state.credit.take()) {
      send(channel, std::move(element));
      return;
    }
    ++waiting_;
  }
  state.overdraft.push(std::move(element));
}

expected<void> output_channels::on_credit(std::size_t channel,
                                          std::uint32_t credits) {
  FLOW_ASSERT(channel < channels_.size(), "no such channel");
  channel_state& state = channels_[channel];
  if (auto granted = state.credit.grant(credits); !granted)
    return granted;
  if (state.overdraft.empty())
    return {};
  while (!state.overdraft.empty()
         && (!state.overdraft.front().costs_credit() || state.credit.take()))
    send(channel, state.overdraft.pop());
  if (state.overdraft.empty())
    --waiting_;
  return {};
}

std::size_t output_channels::overdraft_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const channel_state& state : channels_)
    bytes += state.overdraft.bytes();
  return bytes;
}

std::size_t output_channels::overdraft_elements() const noexcept {
  std::size_t elements = 0;
  for (const channel_state& state : channels_)
    elements += state.overdraft.size();
  return elements;
}

void output_channels::send(std::size_t channel, stream_element&& element) {
  target_.send(channel, channels_[channel].next_sequence++, std::move(element));
}

} // namespace flow
