#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace flow::bench {

/// Keeps readers of tapes of one length in step, on both sides of a bench
/// whose work grows with the distance between its sources. Left alone they
/// drift apart: who takes in all that comes reads the less, and falls back the
/// further, the more others send it.
/// @thread any
class pace {
public:
  /// @param most_ahead  records of a tape between the first reader and the last
  pace(std::size_t readers, std::uint64_t most_ahead)
    : most_ahead_(most_ahead), at_(readers) {}

  /// Reader `self` is at record `at`; whether it has to wait for another.
  [[nodiscard]] bool ahead(std::size_t self, std::uint64_t at) noexcept {
    at_[self].store(at, std::memory_order_relaxed);
    return std::ranges::any_of(at_, [&](const auto& other) {
      return other.load(std::memory_order_relaxed) + most_ahead_ < at;
    });
  }

  /// Waits, and calls meanwhile() instead as long as that did something.
  template <class Meanwhile>
  void keep(std::size_t self, std::uint64_t at, Meanwhile&& meanwhile) {
    while (ahead(self, at))
      if (!meanwhile())
        std::this_thread::yield();
  }

private:
  std::uint64_t most_ahead_;
  std::vector<std::atomic<std::uint64_t>> at_; // by reader
};

} // namespace flow::bench
