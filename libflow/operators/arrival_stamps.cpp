#include "libflow/operators/arrival_stamps.hpp"

#include <algorithm>

#include "libflow/core/bytes.hpp"

namespace flow {

arrival_stamps::arrival_stamps(const operator_context& context)
  : time_(context.time),
    cadence_(context.watermark_every_rows > 0
               ? watermark_cadence::every_rows(context.watermark_every_rows)
               : watermark_cadence::by_clock(context.watermark_interval,
                                             context.time->steady())) {}

void arrival_stamps::stamp(std::span<timestamp> stamps) {
  latest_ = std::max(latest_, time_->now());
  std::ranges::fill(stamps, latest_);
}

/// A batch has one stamp, so there is no need to cut it where one is due.
std::optional<timestamp> arrival_stamps::on_rows(std::size_t rows) {
  bool due = false;
  while (rows > 0) {
    const std::size_t some = std::min(rows, cadence_.rows_until_cut());
    due = cadence_.on_rows(some) || due;
    rows -= some;
  }
  return due ? rise() : std::nullopt;
}

std::optional<timestamp> arrival_stamps::on_time(nanoseconds now) {
  if (stopped_ || !cadence_.on_time(now))
    return std::nullopt;
  latest_ = std::max(latest_, time_->now());
  return rise();
}

arrival_stamps::nanoseconds arrival_stamps::next_deadline() const {
  return stopped_ ? nanoseconds::max() : cadence_.next_deadline();
}

/// More records may come with the latest stamp.
std::optional<timestamp> arrival_stamps::rise() {
  const timestamp mark = saturating_add(latest_, -1);
  if (mark <= mark_)
    return std::nullopt;
  mark_ = mark;
  return mark;
}

std::vector<std::byte> arrival_stamps::snapshot() const {
  std::vector<std::byte> bytes;
  byte_writer{bytes}.write_int(latest_);
  return bytes;
}

bool arrival_stamps::restore(std::span<const std::byte> bytes) {
  timestamp latest = min_timestamp;
  if (!byte_reader{bytes}.read_int(latest))
    return false;
  latest_ = std::max(latest_, latest);
  return true;
}

} // namespace flow
