#pragma once

#include "libflow/functions/collector.hpp"
#include "libflow/windows/window_context.hpp"
#include "tools/bench/tape.hpp"

// What the benches of windows read, keep and emit.

namespace flow::bench {

/// The time of a record is one of its fields, as it is in a job.
struct timed_event {
  std::uint64_t key = 0;
  timestamp time = 0;
};

/// Of a key and window; the timestamp beside it is the window's last time.
struct window_result {
  std::uint64_t key = 0;
  std::uint64_t value = 0;
};

/// Tells rows apart whose values have changed places.
struct window_digest {
  std::uint64_t operator()(const window_result& in,
                           timestamp time) const noexcept {
    std::uint64_t mixed = (in.key ^ in.value << 32) * 0x9E3779B97F4A7C15ULL;
    mixed = (mixed ^ static_cast<std::uint64_t>(time)) * 0xBF58476D1CE4E5B9ULL;
    return mixed ^ mixed >> 32;
  }
};

/// Of integers: what has been added can be taken off again.
struct count_events {
  using accumulator = std::uint64_t;
  void add(accumulator& count, const timed_event&) const { ++count; }
  void merge(accumulator& count, const accumulator& other) const {
    count += other;
  }
  void retract(accumulator& count, const accumulator& other) const {
    count -= other;
  }
  std::uint64_t result(const accumulator& count) const { return count; }
};

struct emit_window_result {
  template <class Context>
  void operator()(const Context& context, std::uint64_t value,
                  collector<window_result>& out) const {
    out.emit(window_result{context.key(), value});
  }
};

} // namespace flow::bench
