#pragma once

#include "libflow/state/state_ttl.hpp"
#include "libflow/state/value_cell.hpp"

namespace flow::detail {

/// Base of the handles of states that consist of parts, lists and maps: what a
/// key has lies in one of two tables, with a time for each part where they have
/// a time to live.
/// Owner: a cheap handle. @thread the operator's
template <class Plain, class Timed>
class parted_state {
public:
  void clear() {
    if (timed_ == nullptr)
      plain_->erase_current();
    else
      timed_->erase_current();
  }

  /// Engine: where the values are.
  [[nodiscard]] any_cell* cell() const noexcept {
    if (timed_ == nullptr)
      return plain_;
    return timed_;
  }

protected:
  parted_state() = default;
  explicit parted_state(value_cell<Plain>& cell) noexcept : plain_(&cell) {}
  parted_state(value_cell<Timed>& cell, const ttl_policy& ttl) noexcept
    : timed_(&cell), ttl_(&ttl) {}

  /// What a read of all parts does to their times. @pre they have some
  void refresh(timestamp now) const {
    if (!ttl_->refreshed_by_reads() || timed_->is_default(timed_->resolved()))
      return;
    timed_->change([&](Timed& parts) {
      parts.change_each([&](auto&... part) {
        auto& with_time = timed_of(part...);
        if (!ttl_->expired(with_time.written, now))
          with_time.written = now;
      });
    });
  }

  value_cell<Plain>* plain_ = nullptr; // or
  value_cell<Timed>* timed_ = nullptr;
  const ttl_policy* ttl_ = nullptr; // with timed_
};

} // namespace flow::detail
