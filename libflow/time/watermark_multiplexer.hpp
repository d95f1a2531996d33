#pragma once

#include <map>
#include <optional>

#include "libflow/core/receiver.hpp"
#include "libflow/core/timestamp.hpp"

namespace flow {

/// What goes on downstream of a watermark_multiplexer: the status first, when
/// it turned active, and the watermark.
struct multiplexed {
  std::optional<timestamp> watermark;
  std::optional<stream_status> status;

  friend bool operator==(const multiplexed&, const multiplexed&) = default;
};

/// The watermarks of several parts of one source or operator (its splits) as
/// one: the lowest of the parts that are not idle; never backwards; idle when
/// all are, and nothing at all without a part. A part's watermark counts at
/// once (immediate) or from the next periodic call on (deferred).
/// Owner: the source's operator. @thread one
template <class Id>
class watermark_multiplexer {
public:
  /// A part without a watermark holds the others back.
  /// @return false when it is there already
  bool add(const Id& id) { return parts_.try_emplace(id).second; }

  /// The part has ended; those that are left are looked at at once.
  multiplexed remove(const Id& id) {
    parts_.erase(id);
    return parts_.empty() ? multiplexed{} : combine();
  }

  /// @pre the part was added
  multiplexed immediate(const Id& id, timestamp mark) {
    raise(parts_.at(id), mark);
    return combine();
  }
  void deferred(const Id& id, timestamp mark) { raise(parts_.at(id), mark); }

  /// A part that turns active holds the others back with its last watermark.
  multiplexed immediate(const Id& id, stream_status status) {
    parts_.at(id).idle = status == stream_status::idle;
    return combine();
  }
  void deferred(const Id& id, stream_status status) {
    parts_.at(id).idle = status == stream_status::idle;
  }

  multiplexed on_periodic() {
    return parts_.empty() ? multiplexed{} : combine();
  }

  [[nodiscard]] timestamp output() const noexcept { return output_; }
  [[nodiscard]] std::size_t size() const noexcept { return parts_.size(); }

private:
  struct part {
    timestamp mark = min_timestamp;
    bool idle = false;
  };

  /// A watermark makes an idle part active.
  static void raise(part& one, timestamp mark) noexcept {
    one.idle = false;
    if (mark > one.mark)
      one.mark = mark;
  }

  multiplexed combine() {
    bool all_idle = true;
    timestamp lowest = max_timestamp;
    for (const auto& [id, one] : parts_) {
      if (one.idle)
        continue;
      all_idle = false;
      lowest = one.mark < lowest ? one.mark : lowest;
    }
    multiplexed result;
    if (all_idle != idle_ && !parts_.empty()) {
      idle_ = all_idle;
      result.status = idle_ ? stream_status::idle : stream_status::active;
    }
    if (!all_idle && lowest > output_)
      result.watermark = output_ = lowest;
    return result;
  }

  std::map<Id, part> parts_;
  timestamp output_ = min_timestamp;
  bool idle_ = false;
};

} // namespace flow
