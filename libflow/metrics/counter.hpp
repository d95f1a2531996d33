#pragma once

#include <atomic>
#include <cstdint>

namespace flow {

/// A number that only grows. Written by one thread, read by any; one batch is
/// one `add`, so that counting costs nothing per record.
/// @thread add: the owner alone; value: any, may lag behind
class counter {
public:
  counter() = default;
  counter(const counter&) = delete;
  counter& operator=(const counter&) = delete;

  void add(std::uint64_t count) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + count,
                 std::memory_order_relaxed);
  }

  [[nodiscard]] std::uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

private:
  std::atomic<std::uint64_t> value_{0};
};

} // namespace flow
