#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "libflow/core/timestamp.hpp"

namespace flow {

/// A record in a window that keeps its records, with its timestamp.
template <class T>
struct window_element {
  T value{};
  timestamp stamp = min_timestamp;
};

/// When an evictor drops records: before the function sees them, or after it
/// has.
enum class eviction : std::uint8_t { before, after };

/// Evictors drop records of a window when it fires. One of the author's has
///
///     flow::eviction when() const;
///     template <class T>
///     void evict(std::vector<flow::window_element<T>>& elements);
///
/// which gets the records in the order of arrival. Windows with an evictor keep
/// all their records, whatever the function.

/// In place of an evictor: nothing is dropped.
struct no_evictor {
  [[nodiscard]] static eviction when() noexcept { return eviction::before; }
  template <class T>
  void evict(std::vector<window_element<T>>&) const noexcept {}
};

/// Keeps the last n.
class count_evictor {
public:
  explicit count_evictor(std::size_t n, eviction when = eviction::before)
    : n_(n), when_(when) {}

  [[nodiscard]] eviction when() const noexcept { return when_; }

  template <class T>
  void evict(std::vector<window_element<T>>& elements) const {
    if (elements.size() > n_)
      elements.erase(elements.begin(),
                     elements.end() - static_cast<std::ptrdiff_t>(n_));
  }

private:
  std::size_t n_;
  eviction when_;
};

/// Keeps those that are less than `size` older than the newest. Does nothing
/// to records without timestamps.
class time_evictor {
public:
  explicit time_evictor(duration_ms size, eviction when = eviction::before)
    : size_(size.count()), when_(when) {}

  [[nodiscard]] eviction when() const noexcept { return when_; }

  template <class T>
  void evict(std::vector<window_element<T>>& elements) const {
    if (elements.empty() || elements.front().stamp == min_timestamp)
      return;
    const auto newest =
      std::ranges::max_element(elements, {}, &window_element<T>::stamp)->stamp;
    const timestamp oldest = saturating_add(newest, -size_);
    std::erase_if(elements,
                  [&](const auto& each) { return each.stamp <= oldest; });
  }

private:
  timestamp size_;
  eviction when_;
};

/// Drops the records for which `delta(record, last)` reaches a threshold;
/// `last` is the one that arrived last.
template <class T, class Threshold, class Delta>
class delta_evictor {
public:
  delta_evictor(Threshold threshold, Delta delta,
                eviction when = eviction::before)
    : threshold_(std::move(threshold)), delta_(std::move(delta)), when_(when) {}

  [[nodiscard]] eviction when() const noexcept { return when_; }

  void evict(std::vector<window_element<T>>& elements) {
    if (elements.empty())
      return;
    const T last = elements.back().value;
    std::erase_if(elements, [&](const auto& each) {
      return !(std::invoke(delta_, each.value, last) < threshold_);
    });
  }

private:
  Threshold threshold_;
  Delta delta_;
  eviction when_;
};

/// `delta_evictor_of<T>(threshold, f)`; f is `(const T&, const T&)`.
template <class T, class Threshold, class Delta>
[[nodiscard]] auto delta_evictor_of(Threshold threshold, Delta delta,
                                    eviction when = eviction::before) {
  return delta_evictor<T, Threshold, Delta>{std::move(threshold),
                                            std::move(delta), when};
}

} // namespace flow
