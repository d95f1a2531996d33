#include "libflow/operators/stepping.hpp"

#include <algorithm>

namespace flow {

stepping_base::~stepping_base() = default;

void stepping_base::finish() {
  enqueue({kind::finish, 0, nullptr, 0, 0});
}

void stepping_base::resume() {
  while (!inbox_.empty() && !holding() && !output_full()
         && step(inbox_.front()))
    inbox_.pop_front();
}

std::chrono::nanoseconds stepping_base::next_deadline() const {
  constexpr auto never = std::chrono::nanoseconds::max();
  constexpr timestamp far = timestamp{1000} * 60 * 60 * 24 * 365;
  const auto next = next_processing_timer();
  if (!next)
    return never;
  const timestamp now = time_->now();
  if (more_is_due_ || *next < now)
    return time_->steady();
  const timestamp wait = saturating_add(*next, 1 - now);
  return wait > far ? never : time_->steady() + duration_ms{wait};
}

void stepping_base::on_time(std::chrono::nanoseconds) {
  if (next_processing_timer())
    more_is_due_ = !fire_processing(time_->now());
}

void stepping_base::enqueue(item next) {
  inbox_.push_back(std::move(next));
  if (inbox_.size() == 1)
    resume();
}

void stepping_base::enqueue_batch(std::size_t input, batch_ptr records) {
  counts_.records_in += records->size();
  enqueue(
    {kind::batch, static_cast<std::uint8_t>(input), std::move(records), 0, 0});
}

void stepping_base::enqueue_watermark(timestamp mark) {
  enqueue({kind::watermark, 0, nullptr, 0, mark});
}

void stepping_base::enqueue_status(stream_status status) {
  enqueue({status == stream_status::idle ? kind::idle : kind::active, 0,
           nullptr, 0, 0});
}

bool stepping_base::step(item& front) {
  switch (front.what) {
  case kind::batch:
    return step_batch(front);
  case kind::watermark:
    watermark_ = std::max(watermark_, front.mark);
    if (!advance_to(front.mark))
      return false;
    erased_out_->receive_watermark(front.mark);
    sides_.receive_watermark(front.mark);
    return true;
  case kind::finish:
    return finish_some();
  case kind::active:
  case kind::idle: {
    const auto status =
      front.what == kind::idle ? stream_status::idle : stream_status::active;
    erased_out_->receive_status(status);
    sides_.receive_status(status);
    return true;
  }
  }
  return true;
}

bool stepping_base::step_batch(item& front) {
  const std::size_t last =
    std::min(front.position + piece(), front.records->size());
  paused_at_ = last;
  process_some(front.input, *front.records, front.position, last);
  front.position = paused_at_;
  return front.position == front.records->size();
}

} // namespace flow
