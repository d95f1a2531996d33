#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "libflow/core/alignment_options.hpp"
#include "libflow/core/timestamp.hpp"
#include "libflow/time/watermark_generator.hpp"

namespace flow {

/// In place of a function that reads timestamps: records keep those they have.
struct keep_timestamps {
  template <class T>
  [[nodiscard]] timestamp operator()(const T&) const noexcept {
    return min_timestamp;
  }
};

/// In place of a function that reads timestamps: the clock's time at which the
/// record arrives.
struct arrival_timestamps {
  template <class T>
  [[nodiscard]] timestamp operator()(const T&) const noexcept {
    return min_timestamp;
  }
};

/// How a stream gets its timestamps and watermarks. Values; make them with the
/// functions below and pass them to `assign_timestamps_and_watermarks`.
///
///     events.assign_timestamps_and_watermarks(
///       flow::bounded_out_of_orderness(30min, &event::time)
///         .with_idleness(10s));
///
/// `Extract` is a pointer to a member or a function `timestamp(const T&)`.
/// Watermarks are put out every pipeline.auto-watermark-interval, or every n
/// rows with --watermark-every n.
template <class Extract, class MakeGenerator>
class watermark_strategy {
public:
  using generator = std::invoke_result_t<const MakeGenerator&>;

  static constexpr bool keeps_timestamps =
    std::is_same_v<Extract, keep_timestamps>;
  static constexpr bool stamps_arrival =
    std::is_same_v<Extract, arrival_timestamps>;

  watermark_strategy(std::string text, Extract extract, MakeGenerator make)
    : text_(std::move(text)), extract_(std::move(extract)),
      make_(std::move(make)) {}

  /// Says that a subtask without records for longer than `timeout` must not
  /// hold back the others' watermarks.
  /// @pre timeout > 0
  [[nodiscard]] watermark_strategy with_idleness(duration_ms timeout) const {
    FLOW_ASSERT(timeout.count() > 0, "an idle timeout is positive");
    watermark_strategy result = *this;
    result.idle_timeout_ = timeout;
    return result;
  }

  /// Keeps the sources of a group together in event time: one whose watermark
  /// is more than `max_drift` above the lowest of the group is not read until
  /// the others have come up. Idle sources, and those that have ended, hold
  /// nobody back. For a stream right behind its source.
  /// @param update_interval how often a source tells the others where it is
  /// @pre group is not empty, max_drift >= 0, update_interval > 0
  [[nodiscard]] watermark_strategy
  with_alignment(std::string group, duration_ms max_drift,
                 duration_ms update_interval = duration_ms{1000}) const {
    FLOW_ASSERT(!group.empty(), "a group of aligned sources has a name");
    FLOW_ASSERT(max_drift.count() >= 0, "a drift is not negative");
    FLOW_ASSERT(update_interval.count() > 0, "an interval is positive");
    watermark_strategy result = *this;
    result.alignment_ =
      alignment_options{std::move(group), max_drift, update_interval};
    return result;
  }

  template <class T>
  requires std::is_invocable_r_v<timestamp, const Extract&, const T&>
  [[nodiscard]] timestamp timestamp_of(const T& record) const {
    return std::invoke(extract_, record);
  }

  [[nodiscard]] generator make_generator() const { return make_(); }

  [[nodiscard]] std::optional<duration_ms> idle_timeout() const {
    return idle_timeout_;
  }

  [[nodiscard]] const std::optional<alignment_options>& alignment() const {
    return alignment_;
  }

  /// For --explain.
  [[nodiscard]] std::string describe() const {
    std::string result = text_;
    if (idle_timeout_)
      result +=
        ", idle after " + std::to_string(idle_timeout_->count()) + " ms";
    if (alignment_)
      result += ", aligned in group " + alignment_->group + " within "
                + std::to_string(alignment_->max_drift.count()) + " ms";
    return result;
  }

private:
  std::string text_;
  Extract extract_;
  MakeGenerator make_;
  std::optional<duration_ms> idle_timeout_;
  std::optional<alignment_options> alignment_;
};

template <class Strategy, class T>
concept watermark_strategy_for = requires(const Strategy& strategy,
                                          const T& record) {
  { strategy.timestamp_of(record) } -> std::convertible_to<timestamp>;
  strategy.make_generator();
  { strategy.describe() } -> std::convertible_to<std::string>;
};

/// Puts out no watermark before the end of the stream.
struct no_watermarks_generator {
  void on_batch(std::span<const timestamp>) noexcept {}
  [[nodiscard]] std::optional<timestamp> on_periodic() noexcept { return {}; }
  [[nodiscard]] generator_state snapshot() const noexcept { return {}; }
  void restore(const generator_state&) noexcept {}
};

/// Records are out of order by at most `bound`.
/// @pre bound >= 0
template <class Extract>
auto bounded_out_of_orderness(duration_ms bound, Extract extract) {
  auto make = [bound] { return bounded_out_of_orderness_generator{bound}; };
  return watermark_strategy{"bounded out-of-orderness "
                              + std::to_string(bound.count()) + " ms",
                            std::move(extract), std::move(make)};
}

/// Timestamps never fall within one subtask.
template <class Extract>
auto monotonous_timestamps(Extract extract) {
  auto make = [] { return monotonous_generator(); };
  return watermark_strategy{std::string{"monotonous"}, std::move(extract),
                            std::move(make)};
}

/// Ingestion time: records are as old as their arrival here, so that windows
/// and timers of event time follow the clock and nothing is late. After a
/// restart records have other timestamps than before.
[[nodiscard]] inline auto ingestion_time() {
  auto make = [] { return monotonous_generator(); };
  return watermark_strategy{std::string{"ingestion time"}, arrival_timestamps{},
                            std::move(make)};
}

/// Timestamps alone: event time stands still until the stream ends.
template <class Extract>
auto timestamps_without_watermarks(Extract extract) {
  auto make = [] { return no_watermarks_generator{}; };
  return watermark_strategy{std::string{"none"}, std::move(extract),
                            std::move(make)};
}

/// A generator of the author's (time/watermark_generator.hpp), copied for each
/// subtask.
template <class Extract, class Generator>
auto custom_watermarks_of(Extract extract, Generator prototype) {
  auto make = [prototype] { return custom_watermarks<Generator>{prototype}; };
  return watermark_strategy{std::string{"custom"}, std::move(extract),
                            std::move(make)};
}

} // namespace flow
