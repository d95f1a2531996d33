#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "libflow/core/timestamp.hpp"

namespace flow::bench {

/// A record of a fixed size. Owns all that it says.
template <std::size_t Bytes>
struct record {
  std::uint64_t key = 0;
  std::uint64_t value = 0;
  std::array<std::uint64_t, Bytes / sizeof(std::uint64_t) - 2> rest{};
};

template <>
struct record<16> {
  std::uint64_t key = 0;
  std::uint64_t value = 0;
};

/// A record that says its time itself.
template <class Record>
concept timed = requires(const Record& value) {
  value.time;
};

/// One pseudo-random number after another, from a seed (splitmix64).
class random_numbers {
public:
  explicit random_numbers(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() noexcept {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

private:
  std::uint64_t state_;
};

/// What a tape is to hold: keys uniform in 0 .. keys - 1, times that rise
/// evenly, `per_span` events every `span_ms`.
struct tape_plan {
  std::uint64_t length = 0; ///< events to be read
  std::uint64_t keys = 1;
  std::uint64_t per_span = 100;
  std::uint64_t span_ms = 1;
  std::uint64_t most_bytes = in_cache;
  std::uint64_t seed = 1;

  /// Stays in the second cache, so that reading it costs nothing beside the
  /// work: for benches without state.
  static constexpr std::uint64_t in_cache = std::uint64_t{384} << 10;
  /// Holds as many different keys as are wanted.
  static constexpr std::uint64_t large = std::uint64_t{96} << 20;
};

/// The input of one source, made before the clock runs: events that runtime
/// and baseline copy out alike. An input longer than the tape goes round, its
/// timestamps going on.
/// Owner: the bench, longer than both sides. Constant while they run.
template <class Record>
class tape {
public:
  struct event {
    Record value;
    timestamp time = 0;
  };

  explicit tape(const tape_plan& plan) : length_(plan.length) {
    const std::uint64_t span = plan.per_span;
    const std::uint64_t most = plan.most_bytes / sizeof(event);
    events_.resize(std::min(length_, std::max(most / span, 1UL) * span));
    lap_ = static_cast<timestamp>(events_.size() * plan.span_ms / span);
    random_numbers random{plan.seed};
    for (std::size_t i = 0; i < events_.size(); ++i) {
      event& each = events_[i];
      each.value.key = (random.next() >> 32) * plan.keys >> 32;
      each.time = static_cast<timestamp>(i * plan.span_ms / span);
      if constexpr (timed<Record>)
        each.value.time = each.time;
      else
        each.value.value = random.next();
    }
  }

  /// Events to be read; more than there are on the tape: it goes round.
  [[nodiscard]] std::uint64_t length() const noexcept { return length_; }

  /// Calls f(event, timestamp) for the events [first, last).
  template <class F>
  void read(std::uint64_t first, std::uint64_t last, F&& f) const {
    while (first < last) {
      const std::uint64_t at = first % events_.size();
      const std::uint64_t count =
        std::min<std::uint64_t>(last - first, events_.size() - at);
      const auto offset = static_cast<timestamp>(first / events_.size()) * lap_;
      const event* from = events_.data() + at;
      for (std::uint64_t i = 0; i < count; ++i)
        hand_over(from[i], offset, f);
      first += count;
    }
  }

private:
  template <class F>
  static void hand_over(const event& from, timestamp offset, F&& f) {
    if constexpr (timed<Record>) {
      Record value = from.value;
      value.time += offset;
      f(value, from.time + offset);
    } else {
      f(from.value, from.time + offset);
    }
  }

  std::vector<event> events_;
  std::uint64_t length_;
  timestamp lap_ = 0; // event time from one round to the next
};

/// One tape a source, each of its share of the plan's length and with a seed of
/// its own, from `first_seed` on.
template <class Record>
std::vector<tape<Record>> make_tapes(tape_plan plan, std::uint32_t sources,
                                     std::uint64_t first_seed = 1) {
  const std::uint64_t records = plan.length;
  std::vector<tape<Record>> result;
  for (std::uint32_t i = 0; i < sources; ++i) {
    plan.length = records / sources + (i < records % sources ? 1 : 0);
    plan.seed = first_seed + i;
    result.emplace_back(plan);
  }
  return result;
}

/// What both sides have to come to. Does not depend on the order.
struct checksum {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;

  checksum& operator+=(const checksum& other) noexcept {
    count += other.count;
    sum += other.sum;
    return *this;
  }
  friend bool operator==(const checksum&, const checksum&) = default;
};

} // namespace flow::bench
