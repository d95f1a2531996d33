#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

namespace flow::bench {

/// A ring from one thread to one other. Both ends remember what they last saw
/// of each other, and what is pushed shows only from publish() on, so that
/// cache lines change hands once for many entries.
template <class Entry>
class spsc_ring {
public:
  /// @pre capacity is a power of two
  explicit spsc_ring(std::size_t capacity)
    : entries_(capacity), mask_(capacity - 1) {}

  /// The producer's. @return false when there is no room
  bool push(const Entry& entry) noexcept {
    if (write_.next - write_.seen > mask_) [[unlikely]] {
      write_.seen = head_.load(std::memory_order_acquire);
      if (write_.next - write_.seen > mask_)
        return false;
    }
    entries_[write_.next++ & mask_] = entry;
    return true;
  }
  void publish() noexcept {
    tail_.store(write_.next, std::memory_order_release);
  }
  void close() noexcept {
    publish();
    closed_.store(true, std::memory_order_release);
  }

  /// The consumer's: calls sink.take(from, entry) for all that shows.
  /// @return how many there were
  template <class Sink>
  std::size_t drain(std::size_t from, Sink& sink) {
    const std::size_t end = tail_.load(std::memory_order_acquire);
    const std::size_t count = end - read_.next;
    for (; read_.next != end; ++read_.next)
      sink.take(from, entries_[read_.next & mask_]);
    if (count > 0)
      head_.store(end, std::memory_order_release);
    return count;
  }
  /// Nothing will show any more.
  [[nodiscard]] bool ended() const noexcept {
    return closed_.load(std::memory_order_acquire)
           && tail_.load(std::memory_order_acquire) == read_.next;
  }

private:
  struct alignas(64) side {
    std::size_t next = 0;
    std::size_t seen = 0; // of the other side; the producer's alone
  };

  std::vector<Entry> entries_;
  std::size_t mask_;
  side write_;
  side read_;
  alignas(64) std::atomic<std::size_t> tail_{0};
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<bool> closed_{false};
};

} // namespace flow::bench
