#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "libflow/core/assert.hpp"
#include "tools/bench/machine.hpp"

namespace flow::bench {

using std::chrono::nanoseconds;

/// What the sources of a directed job do.
enum class order : std::uint8_t {
  wait,   ///< nothing
  fill,   ///< every key once, to be given its first value
  update, ///< keys at random, until told otherwise
  check,  ///< every key once, whose value is to be looked at
  fail,   ///< throw, in the first attempt
};

/// A time in which a subtask took no batch.
struct gap {
  nanoseconds begin{0};
  nanoseconds end{0};
};

/// Tells a job in this process what to do, and hears how far it is.
/// Owner: the bench, longer than the job. @thread any
class director {
public:
  static constexpr std::size_t most_subtasks = 64;

  /// An order as a source sees it: which one, and the how many-eth.
  struct command {
    order what = order::wait;
    std::uint64_t number = 0;
  };

  /// @param keys  0 .. keys - 1
  /// @param watch_gaps  whether subtasks note when they took no batch
  director(std::uint64_t keys, bool watch_gaps)
    : keys_(keys), watch_gaps_(watch_gaps) {}

  [[nodiscard]] std::uint64_t keys() const noexcept { return keys_; }
  [[nodiscard]] bool watches_gaps() const noexcept { return watch_gaps_; }

  /// @param rate  records per second and source, of `update`; 0: any
  void give(order what, double rate = 0) {
    rate_.store(rate);
    command_.store((((command_.load() >> 8U) + 1) << 8U)
                   | static_cast<std::uint64_t>(what));
  }
  [[nodiscard]] command current() const noexcept {
    const std::uint64_t word = command_.load();
    return {static_cast<order>(word & 0xffU), word >> 8U};
  }
  [[nodiscard]] double rate() const noexcept { return rate_.load(); }

  // -- what the keyed subtasks say --------------------------------------------

  struct alignas(64) share {
    std::atomic<std::uint64_t> records{0};
    std::atomic<std::uint64_t> checked{0};
    std::atomic<std::uint64_t> digest{0};  ///< sum over what was checked
    std::atomic<std::uint64_t> missing{0}; ///< keys without a good value

    /// One writer only.
    static void add(std::atomic<std::uint64_t>& to, std::uint64_t more) {
      to.store(to.load(std::memory_order_relaxed) + more,
               std::memory_order_relaxed);
    }
  };
  [[nodiscard]] share& of(std::uint32_t subtask) {
    FLOW_ASSERT(subtask < most_subtasks, "a directed job has few subtasks");
    return shares_[subtask];
  }
  [[nodiscard]] std::uint64_t
  sum(std::atomic<std::uint64_t> share::*what) const noexcept {
    std::uint64_t result = 0;
    for (const share& each : shares_)
      result += (each.*what).load();
    return result;
  }

  /// A keyed subtask was opened in an attempt after the first.
  void note_restored() { restored_.fetch_add(1); }
  [[nodiscard]] std::uint32_t restored() const { return restored_.load(); }

  void note_gap(const gap& seen) {
    const std::lock_guard guard{mutex_};
    gaps_.push_back(seen);
  }
  [[nodiscard]] std::vector<gap> take_gaps() {
    const std::lock_guard guard{mutex_};
    return std::exchange(gaps_, {});
  }

private:
  const std::uint64_t keys_;
  const bool watch_gaps_;
  std::atomic<std::uint64_t> command_{0}; // number above 8 bits of order
  std::atomic<double> rate_{0};
  std::atomic<std::uint32_t> restored_{0};
  std::array<share, most_subtasks> shares_;
  std::mutex mutex_;
  std::vector<gap> gaps_; // guarded by mutex_
};

/// Notes the gaps between the batches of one subtask.
class gap_meter {
public:
  /// Shorter ones are of no interest.
  static constexpr std::chrono::milliseconds least{1};

  /// A batch, or a record of one, is taken now.
  void mark(director& to) {
    const nanoseconds at = now();
    if (last_.count() != 0 && at - last_ > least)
      to.note_gap({last_, at});
    last_ = at;
  }

private:
  nanoseconds last_{0};
};

} // namespace flow::bench
