#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "libflow/state/chunk_list.hpp"
#include "libflow/state/parted_state.hpp"

namespace flow {

/// A list per key, of the key that is current; with a time to live, each
/// element has its own.
/// Owner: a cheap handle; the operator's keyed_state_store must outlive it.
/// References are valid until the next call on any state of the operator.
/// Memory: chunks of at most 4 KiB; a write after a snapshot copies one.
/// @thread the operator's
template <class T>
class list_state
  : public detail::parted_state<detail::chunk_list<T>,
                                detail::chunk_list<detail::timed<T>>> {
  using plain_list = detail::chunk_list<T>;
  using timed_list = detail::chunk_list<detail::timed<T>>;
  using base = detail::parted_state<plain_list, timed_list>;

public:
  /// Names no state, as value_state's.
  list_state() = default;

  explicit list_state(detail::value_cell<plain_list>& cell) noexcept
    : base(cell) {}
  list_state(detail::value_cell<timed_list>& cell,
             const detail::ttl_policy& ttl) noexcept
    : base(cell, ttl) {}

  void add(T value) {
    if (timed_ == nullptr)
      plain_->change([&](plain_list& list) { list.add(std::move(value)); });
    else
      timed_->change([&](timed_list& list) {
        list.add({ttl_->now(), std::move(value)});
      });
  }

  template <class Range>
  void add_all(const Range& values) {
    for (const auto& each : values)
      add(each);
  }

  /// The list holds these elements and no others.
  template <class Range>
  void update(const Range& values) {
    this->clear();
    add_all(values);
  }

  /// Calls f(const T&) for every element in the order of adding. f must not
  /// use a state itself.
  template <class F>
  void for_each(F&& f) const {
    if (timed_ == nullptr) {
      plain_->resolved()->for_each(f);
      return;
    }
    const timestamp now = ttl_->now();
    this->refresh(now);
    timed_->resolved()->for_each([&](const detail::timed<T>& each) {
      if (ttl_->visible(each.written, now))
        f(each.value);
    });
  }

  [[nodiscard]] std::vector<T> get() const {
    std::vector<T> result;
    for_each([&](const T& each) { result.push_back(each); });
    return result;
  }

  [[nodiscard]] std::size_t size() const {
    if (timed_ == nullptr)
      return plain_->resolved()->size();
    std::size_t result = 0;
    for_each([&](const T&) { ++result; });
    return result;
  }
  [[nodiscard]] bool empty() const { return size() == 0; }

private:
  using base::plain_;
  using base::timed_;
  using base::ttl_;
};

} // namespace flow
