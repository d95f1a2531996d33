#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "libflow/state/chunk_list.hpp"
#include "libflow/state/state_ttl.hpp"
#include "libflow/state/value_cell.hpp"

namespace flow {

/// A list per key, of the key that is current; with a time to live, each
/// element has its own.
/// Owner: a cheap handle; the operator's keyed_state_store must outlive it.
/// References are valid until the next call on any state of the operator.
/// Memory: chunks of at most 4 KiB; a write after a snapshot copies one.
/// @thread the operator's
template <class T>
class list_state {
  using plain_list = detail::chunk_list<T>;
  using timed_list = detail::chunk_list<detail::timed<T>>;

public:
  /// Names no state, as value_state's.
  list_state() = default;

  explicit list_state(detail::value_cell<plain_list>& cell) noexcept
    : plain_(&cell) {}
  list_state(detail::value_cell<timed_list>& cell,
             const detail::ttl_policy& ttl) noexcept
    : timed_(&cell), ttl_(&ttl) {}

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
    clear();
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
    if (ttl_->refreshed_by_reads() && has_entry())
      refresh(now);
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

  void clear() {
    if (timed_ == nullptr)
      plain_->erase_current();
    else
      timed_->erase_current();
  }

  /// Engine: where the values are.
  [[nodiscard]] detail::any_cell* cell() const noexcept {
    if (timed_ == nullptr)
      return plain_;
    return timed_;
  }

private:
  [[nodiscard]] bool has_entry() const {
    return !timed_->is_default(timed_->resolved());
  }
  void refresh(timestamp now) const {
    timed_->change([&](timed_list& list) {
      list.change_each([&](detail::timed<T>& each) {
        if (!ttl_->expired(each.written, now))
          each.written = now;
      });
    });
  }

  detail::value_cell<plain_list>* plain_ = nullptr;
  detail::value_cell<timed_list>* timed_ = nullptr;
  const detail::ttl_policy* ttl_ = nullptr;
};

} // namespace flow
