#include "libflow/exchange/output_port.hpp"

#include <utility>

namespace flow {

output_port::output_port(channel_sink& target, std::size_t channel_count,
                         port_shape shape)
  : channels_(target, channel_count),
    open_(shape == port_shape::scatter ? channel_count : 1), shape_(shape) {}

output_port::~output_port() = default;

/// Channels that a whole batch goes to.
std::size_t output_port::targets() const {
  return shape_ == port_shape::broadcast ? channels_.channel_count() : 1;
}

bool output_port::has_credit(std::size_t slot) const {
  if (shape_ == port_shape::scatter)
    return channels_.has_credit(slot);
  for (std::size_t i = 0; i < targets(); ++i)
    if (!channels_.has_credit(i))
      return false;
  return true;
}

void output_port::flush() {
  for (std::size_t i = 0; i < open_.size(); ++i)
    if (open_[i].count > 0 && has_credit(i))
      seal(i);
  if (open_records() == 0)
    open_since_.reset();
}

std::size_t output_port::open_records() const {
  std::size_t records = 0;
  for (const auto& each : open_)
    records += each.count;
  return records;
}

void output_port::broadcast(const stream_element& element) {
  seal_all();
  for (std::size_t i = 0; i < channels_.channel_count(); ++i)
    channels_.offer(i, element);
}

void output_port::seal(std::size_t slot) {
  send_sealed(slot, min_timestamp);
}

void output_port::seal_all() {
  for (std::size_t i = 0; i < open_.size(); ++i)
    if (open_[i].batch)
      seal(i);
  open_since_.reset();
}

void output_port::send_watermark(timestamp mark) {
  std::size_t served = 0; // channels on which it rides or has been sent
  for (std::size_t i = 0; i < open_.size(); ++i) {
    const bool rides = static_cast<bool>(open_[i].batch);
    if (rides)
      send_sealed(i, mark);
    if (shape_ != port_shape::scatter) {
      served = rides ? targets() : 0;
      break;
    }
    if (!rides)
      channels_.offer(i, stream_element::of_watermark(mark));
    served = i + 1;
  }
  for (; served < channels_.channel_count(); ++served)
    channels_.offer(served, stream_element::of_watermark(mark));
  open_since_.reset();
}

void output_port::note_open() noexcept {
  if (open_records() == 0)
    open_since_.reset();
  else if (!open_since_)
    open_since_ = now_;
}

void output_port::send_sealed(std::size_t slot, timestamp mark) {
  open_batch& sealed = open_[slot];
  if (sealed.rows != nullptr)
    sealed.batch->truncate(sealed.count);
  batch_ptr batch = std::exchange(sealed, {}).batch;
  if (shape_ != port_shape::scatter) {
    for (std::size_t i = targets(); i-- > 1;)
      channels_.offer(i, stream_element::of_data(batch, mark));
    slot = 0;
  }
  channels_.offer(slot, stream_element::of_data(std::move(batch), mark));
}

} // namespace flow
