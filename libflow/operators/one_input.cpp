#include "libflow/operators/one_input.hpp"

#include <algorithm>

namespace flow {

pausable_base::pausable_base(std::string name, receiver_base& out)
  : operator_base(std::move(name)), out_(&out) {}

void pausable_base::take(batch_ptr received) {
  counts_.records_in += received->size();
  enqueue({kind::batch, std::move(received), 0, 0});
}

void pausable_base::take_watermark(timestamp mark) {
  enqueue({kind::watermark, nullptr, 0, mark});
}

void pausable_base::take_status(stream_status status) {
  enqueue(
    {status == stream_status::idle ? kind::idle : kind::active, nullptr, 0, 0});
}

void pausable_base::finish() {
  enqueue({kind::finish, nullptr, 0, 0});
}

void pausable_base::resume() {
  while (!inbox_.empty() && !output_full() && step(inbox_.front()))
    inbox_.pop_front();
}

void pausable_base::enqueue(item next) {
  inbox_.push_back(std::move(next));
  if (inbox_.size() == 1)
    resume();
}

bool pausable_base::step(item& front) {
  switch (front.what) {
  case kind::batch:
    return step_batch(front);
  case kind::watermark:
    if (watermark_ < front.mark)
      watermark_ = front.mark;
    if (!advance_to(front.mark))
      return false;
    out_->receive_watermark(front.mark);
    sides_.receive_watermark(front.mark);
    return true;
  case kind::finish:
    return finish_some();
  case kind::active:
  case kind::idle: {
    const auto status =
      front.what == kind::idle ? stream_status::idle : stream_status::active;
    out_->receive_status(status);
    sides_.receive_status(status);
    return true;
  }
  }
  return true;
}

bool pausable_base::step_batch(item& front) {
  const std::size_t last =
    std::min(front.position + piece(), front.records->size());
  process_erased(*front.records, front.position, last);
  front.position = last;
  return last == front.records->size();
}

} // namespace flow
