#pragma once

#include <utility>

#include "libflow/functions/side_outputs.hpp"
#include "libflow/windows/window.hpp"

namespace flow {

/// What a window's process function may ask about the result at hand.
/// @thread the subtask; valid during the call only
template <class K>
class window_context {
public:
  window_context(side_outputs& sides, time_window window, timestamp watermark)
    : sides_(&sides), window_(window), watermark_(watermark) {}

  [[nodiscard]] const K& key() const noexcept { return *key_; }
  [[nodiscard]] const time_window& window() const noexcept { return window_; }

  /// When the window completes: the watermark that completed it. When a late
  /// record makes it fire again: the one that held before the record.
  [[nodiscard]] timestamp current_watermark() const noexcept {
    return watermark_;
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
  time_window window_;
  timestamp watermark_;
};

} // namespace flow
