#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "libflow/core/arena.hpp"
#include "libflow/core/assert.hpp"
#include "libflow/state/chunk.hpp"

namespace flow {

/// Records whose keys are looked up together.
inline constexpr std::size_t keyed_block_records = 32;

namespace detail {

/// Which record of the block the user's code is looking at; one per operator,
/// read by all of its states.
struct block_cursor {
  /// Its place stays unresolved, so every access asks, and is told that there
  /// is no key.
  static constexpr std::uint32_t no_key = keyed_block_records;

  std::uint32_t index = no_key;
};

/// Any keyed state, for those who know the type of its key alone.
class any_cell {
public:
  virtual ~any_cell() = default;
};

/// One value_state of one operator: knows the type of the value, not that of
/// the key. Per record of the block it holds where the value is: unresolved
/// (nullptr), absent (the default value's address) or found.
template <class T>
class value_cell : public any_cell {
public:
  value_cell(const block_cursor& cursor, T default_value)
    : cursor_(&cursor), default_(std::move(default_value)) {}
  value_cell(const value_cell&) = delete;
  value_cell& operator=(const value_cell&) = delete;

  [[nodiscard]] const T* resolved() {
    T* slot = slots_[cursor_->index];
    return slot != nullptr ? slot : find_current();
  }
  [[nodiscard]] bool is_default(const T* slot) const noexcept {
    return slot == &default_;
  }

  /// The current key's value to write to; a new one equals the default.
  [[nodiscard]] T& writable() {
    const std::uint32_t index = cursor_->index;
    T* slot = slots_[index];
    if (slot != nullptr && slot != &default_ && (in_place_ >> index & 1) != 0)
      [[likely]]
      return *slot;
    return insert_current();
  }

  /// Calls f(T&) with writable(), and counts what changes in chunks.
  template <class F>
  void change(F&& f) {
    T& value = writable();
    const std::size_t before = bytes_in_chunks(value);
    f(value);
    chunk_bytes_ += bytes_in_chunks(value) - before;
  }

  virtual void erase_current() = 0;

protected:
  /// Looks the current key up and notes its place.
  virtual T* find_current() = 0;
  /// The same, and makes the place one of the key's own.
  virtual T& insert_current() = 0;

  static constexpr std::uint64_t all_in_place = ~std::uint64_t{0};

  void forget_all() noexcept { slots_.fill(nullptr); }

  const block_cursor* cursor_;
  /// A bit a record of the block: no snapshot holds what its slot points to.
  std::uint64_t in_place_ = all_in_place;
  std::array<T*, keyed_block_records + 1> slots_{};
  T default_;
  std::size_t chunk_bytes_ = 0; // of all values
};

} // namespace detail

/// One value per key, of the key that is current: that of the record or timer
/// which the user's code was called for.
/// Owner: a cheap handle; the operator's keyed_state_store must outlive it.
/// References are valid until the next call on any state of the operator.
/// Access without a current key throws std::logic_error.
/// @thread the operator's
template <class T>
class value_state {
public:
  /// Names no state; a member of a function object before `open`. Everything
  /// but assigning to it is undefined.
  value_state() = default;

  explicit value_state(detail::value_cell<T>& cell) noexcept : cell_(&cell) {}

  /// The key's value, or the default.
  [[nodiscard]] const T& value() const { return *cell_->resolved(); }

  [[nodiscard]] bool has_value() const {
    return !cell_->is_default(cell_->resolved());
  }

  void set(T value) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      cell_->writable() = value;
    } else {
      const arena_scope owning{nullptr};
      cell_->writable() = std::move(value);
    }
  }

  /// Calls f(T&) with the value, which starts from the default. f must not use
  /// a state itself.
  template <class F>
  void update(F&& f) {
    std::forward<F>(f)(cell_->writable());
  }

  /// The key has no value any more.
  void erase() { cell_->erase_current(); }
  void clear() { erase(); }

  /// Engine: where the values are.
  [[nodiscard]] detail::any_cell* cell() const noexcept { return cell_; }

private:
  detail::value_cell<T>* cell_ = nullptr;
};

} // namespace flow
