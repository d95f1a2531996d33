#include "libflow/exchange/input_gate.hpp"

#include <string>
#include <utility>

#include "libflow/core/assert.hpp"

namespace flow {

namespace {

error broken(std::size_t channel, const std::string& what) {
  return {error_code::corrupt_data,
          "input channel " + std::to_string(channel) + ": " + what};
}

} // namespace

input_gate::input_gate(std::span<const std::size_t> channels_per_input,
                       std::uint32_t window)
  : window_(window) {
  for (std::size_t count : channels_per_input) {
    inputs_.push_back({channels_.size(), count, false});
    for (std::size_t i = 0; i < count; ++i)
      channels_.emplace_back().input = inputs_.size() - 1;
  }
  turns_.resize(channels_.size());
  open_ = channels_.size();
}

expected<void> input_gate::enqueue(std::size_t channel, std::uint64_t sequence,
                                   stream_element element) {
  if (auto checked = check(channel, sequence, element); !checked)
    return checked;
  channel_state& state = channels_[channel];
  ++state.next_sequence;
  state.closed = element.kind() == element_kind::end_of_partition;
  count_out(state.queue);
  state.queue.push(std::move(element));
  count_in(state.queue);
  take_turn(channel);
  return {};
}

expected<void> input_gate::check(std::size_t channel, std::uint64_t sequence,
                                 const stream_element& element) const {
  if (channel >= channels_.size())
    return broken(channel,
                  "there are only " + std::to_string(channels_.size()));
  const channel_state& state = channels_[channel];
  if (sequence != state.next_sequence)
    return broken(channel, "expected element "
                             + std::to_string(state.next_sequence) + ", got "
                             + std::to_string(sequence));
  if (state.closed)
    return broken(channel, "element " + std::to_string(sequence)
                             + " after the end of the partition");
  if (element.costs_credit() && state.queue.batches() >= window_)
    return broken(channel, "batch " + std::to_string(sequence)
                             + " without credit; " + std::to_string(window_)
                             + " wait already");
  return {};
}

std::optional<picked> input_gate::next() {
  if (!has_next())
    return std::nullopt;
  const std::size_t channel = turns_[first_turn_];
  first_turn_ = first_turn_ + 1 == turns_.size() ? 0 : first_turn_ + 1;
  --turn_count_;
  channel_state& state = channels_[channel];
  state.in_turn = false;
  count_out(state.queue);
  picked result{channel, state.queue.pop()};
  count_in(state.queue);
  if (result.element.kind() == element_kind::end_of_partition) {
    state.open = false;
    --open_;
  }
  take_turn(channel);
  return result;
}

bool input_gate::has_next() {
  while (turn_count_ > 0) {
    channel_state& state = channels_[turns_[first_turn_]];
    if (may_pick(state))
      return true;
    state.in_turn = false;
    first_turn_ = first_turn_ + 1 == turns_.size() ? 0 : first_turn_ + 1;
    --turn_count_;
  }
  return false;
}

void input_gate::block(std::size_t channel) {
  FLOW_ASSERT(channel < channels_.size(), "no such channel");
  channels_[channel].blocked = true;
}

void input_gate::unblock(std::size_t channel) {
  FLOW_ASSERT(channel < channels_.size(), "no such channel");
  channels_[channel].blocked = false;
  take_turn(channel);
}

void input_gate::unblock_all() {
  for (std::size_t channel = 0; channel < channels_.size(); ++channel)
    unblock(channel);
}

void input_gate::hold(std::size_t input) {
  FLOW_ASSERT(input < inputs_.size(), "no such input");
  inputs_[input].held = true;
}

void input_gate::release(std::size_t input) {
  FLOW_ASSERT(input < inputs_.size(), "no such input");
  inputs_[input].held = false;
  const input_state& state = inputs_[input];
  for (std::size_t i = 0; i < state.count; ++i)
    take_turn(state.first + i);
}

bool input_gate::may_pick(const channel_state& channel) const {
  return !channel.queue.empty() && !channel.blocked
         && !inputs_[channel.input].held;
}

/// Gives a channel the last turn when it may be picked and has none.
void input_gate::take_turn(std::size_t channel) {
  channel_state& state = channels_[channel];
  if (state.in_turn || !may_pick(state))
    return;
  FLOW_ASSERT(turn_count_ < turns_.size(), "a channel has two turns");
  std::size_t last = first_turn_ + turn_count_;
  if (last >= turns_.size())
    last -= turns_.size();
  turns_[last] = channel;
  ++turn_count_;
  state.in_turn = true;
}

void input_gate::count_in(const element_queue& queue) {
  elements_ += queue.size();
  batches_ += queue.batches();
  bytes_ += queue.bytes();
}

void input_gate::count_out(const element_queue& queue) {
  elements_ -= queue.size();
  batches_ -= queue.batches();
  bytes_ -= queue.bytes();
}

} // namespace flow
