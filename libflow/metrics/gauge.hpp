#pragma once

#include <atomic>
#include <cstdint>

namespace flow {

/// A number that is what it is now.
/// @thread set: the owner alone; value: any, may lag behind
class gauge {
public:
  gauge() = default;
  explicit gauge(std::int64_t initial) noexcept : value_(initial) {}
  gauge(const gauge&) = delete;
  gauge& operator=(const gauge&) = delete;

  void set(std::int64_t value) noexcept {
    value_.store(value, std::memory_order_relaxed);
  }

  [[nodiscard]] std::int64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

private:
  std::atomic<std::int64_t> value_{0};
};

} // namespace flow
