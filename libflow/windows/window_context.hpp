#pragma once

#include <stdexcept>
#include <utility>

#include "libflow/functions/keyed_context.hpp"
#include "libflow/functions/side_outputs.hpp"
#include "libflow/windows/window.hpp"

namespace flow {

/// What a window's process function may ask about the result at hand.
/// @thread the subtask; valid during the call only
template <class K, class W = time_window>
class window_context {
public:
  window_context(side_outputs& sides, W window, timestamp watermark,
                 timestamp now = 0)
    : sides_(&sides), window_(window), watermark_(watermark), now_(now) {}

  [[nodiscard]] const K& key() const noexcept { return *key_; }
  [[nodiscard]] const W& window() const noexcept { return window_; }

  /// When the window completes: the watermark that completed it. When a late
  /// record makes it fire again: the one that held before the record.
  [[nodiscard]] timestamp current_watermark() const noexcept {
    return watermark_;
  }

  /// Of the wall clock, in ms.
  [[nodiscard]] timestamp current_processing_time() const noexcept {
    return now_;
  }

  /// Emits to a side output with the window's last time.
  template <class T>
  void emit(const output_tag<T>& tag, T value) const {
    sides_->emit(tag, std::move(value), window_.max_timestamp());
  }

  /// Engine: the next key.
  void select(const K& key) noexcept { key_ = &key; }

private:
  side_outputs* sides_; // not owned
  const K* key_ = nullptr;
  W window_;
  timestamp watermark_;
  timestamp now_;
};

/// What `open` of a window's process function is given when it wants state:
/// `void open(window_runtime_context<K, W>&)`. `state` gives state of the key,
/// the same in all its windows; `window_state` that of key and window, which
/// the function clears in `void clear(const window_context<K, W>&)` when the
/// window goes.
/// @thread the subtask; the reference is valid until `close` returns
template <class K, class W = time_window>
class window_runtime_context : public keyed_runtime_context<K> {
public:
  window_runtime_context(const runtime_context::place& where,
                         keyed_state_store<K>& states,
                         const state_scope<W>& windows, bool merging,
                         operator_state_store* of_operator = nullptr)
    : keyed_runtime_context<K>(where, states, of_operator), states_(&states),
      windows_(&windows), merging_(merging) {}

  /// Throws std::invalid_argument, which fails the attempt, for a name of a
  /// state of another type, and where windows merge: their state could not.
  template <class Descriptor>
  [[nodiscard]] auto window_state(const Descriptor& descriptor) {
    if (merging_)
      throw std::invalid_argument("windows that merge have no state of their "
                                  "own: use state of the key");
    auto found = made(descriptor);
    if (!found)
      throw std::invalid_argument(found.error().text);
    return std::move(*found);
  }

private:
  template <class T>
  auto made(const value_state_descriptor<T>& wanted) {
    return states_->value(wanted, windows_);
  }
  template <class T>
  auto made(const list_state_descriptor<T>& wanted) {
    return states_->list(wanted, windows_);
  }
  template <class MK, class MV>
  auto made(const map_state_descriptor<MK, MV>& wanted) {
    return states_->map(wanted, windows_);
  }
  template <class T, class F>
  auto made(const reducing_state_descriptor<T, F>& wanted) {
    return states_->reducing(wanted, windows_);
  }
  template <class In, class F>
  auto made(const aggregating_state_descriptor<In, F>& wanted) {
    return states_->aggregating(wanted, windows_);
  }

  keyed_state_store<K>* states_;  // not owned
  const state_scope<W>* windows_; // not owned
  bool merging_;
};

} // namespace flow
