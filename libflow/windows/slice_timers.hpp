#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "libflow/state/segmented_table.hpp"
#include "libflow/windows/slice_grid.hpp"
#include "libflow/windows/window.hpp"

namespace flow {

/// Slices have no timers. When they are asked for those of a key, they count
/// the timers that the same windows have where they run one by one. For tests:
/// nothing here is on the way of a record.

/// Of one key in one window that has not closed: one for its last time until
/// it has fired, one for its cleanup, which never comes at the end of time.
/// Where the two times are one, so are the timers.
[[nodiscard]] constexpr std::size_t
timers_of_window(const time_window& which, bool waits,
                 duration_ms allowed_lateness) noexcept {
  const timestamp cleanup = which.cleanup_time(allowed_lateness);
  const bool own_cleanup =
    cleanup != max_timestamp && !(waits && cleanup == which.max_timestamp());
  return (waits ? 1 : 0) + (own_cleanup ? 1 : 0);
}

/// Timers of sliding windows whose records lie in slices. A value.
struct sliding_timers {
  const slice_grid* grid = nullptr;
  duration_ms allowed_lateness{0};
  timestamp horizon = min_timestamp;   ///< windows that end until here have
                                       ///< fired
  timestamp watermark = min_timestamp; ///< windows whose cleanup it has reached
                                       ///< have closed

  /// Of one key, in windows that hold a slice and do not hold `earlier`, the
  /// last slice before it in which the key is.
  /// Cost: the number of windows that hold a slice.
  [[nodiscard]] std::size_t in(timestamp slice,
                               std::optional<timestamp> earlier) const {
    // What has fired was complete, whether or not the watermark is known yet.
    const timestamp reached = std::max(watermark, saturating_add(horizon, -1));
    const auto size = static_cast<std::uint64_t>(grid->size());
    std::size_t result = 0;
    timestamp start = grid->newest_window(slice).start;
    while (static_cast<std::uint64_t>(slice) - static_cast<std::uint64_t>(start)
           < size) {
      const time_window which{start, saturating_add(start, grid->size())};
      if ((earlier && start <= *earlier)
          || is_window_late(which, allowed_lateness, reached))
        break; // as all that are older
      result += timers_of_window(which, which.end > horizon, allowed_lateness);
      if (start < min_timestamp + grid->slide())
        break;
      start -= grid->slide();
    }
    return result;
  }
};

/// Of all keys; walks over all slices, which come in the order of time.
template <class Slices>
[[nodiscard]] std::size_t count_timers(const Slices& slices,
                                       const sliding_timers& timers) {
  using key_type = typename Slices::key_type;
  segmented_table<key_type, timestamp> last{std::make_shared<segment_pool>(),
                                            slices.owned()};
  std::size_t result = 0;
  slices.for_each([&](const auto& each) {
    const timestamp start = each.window.start;
    each.table.for_each([&](const key_type& key, const auto&) {
      bool first = false;
      timestamp& earlier = last.upsert(key_hash(key), key, first);
      result += timers.in(start, first ? std::nullopt : std::optional{earlier});
      earlier = start;
    });
  });
  return result;
}

/// Of one key.
template <class Slices>
[[nodiscard]] std::size_t count_timers(const Slices& slices,
                                       const sliding_timers& timers,
                                       const typename Slices::key_type& key) {
  const std::uint64_t hash = key_hash(key);
  std::optional<timestamp> earlier;
  std::size_t result = 0;
  if (!slices.owned().contains(hash))
    return 0;
  slices.for_each([&](const auto& each) {
    if (each.table.find(hash, key) == nullptr)
      return;
    result += timers.in(each.window.start, earlier);
    earlier = each.window.start;
  });
  return result;
}

} // namespace flow
