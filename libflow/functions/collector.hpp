#pragma once

#include "libflow/core/receiver.hpp"

namespace flow {

/// Where a function puts its results. Records are gathered into batches and
/// handed on when a batch is full or the call that fed the function returns.
/// @thread the subtask that runs the function; valid during the call only
template <class T>
class collector {
public:
  explicit collector(receiver<T>& target) : target_(&target) {}

  /// Emits with the timestamp of the record (or timer) being processed.
  void emit(const T& value) { append(value, stamp_); }
  void emit(T&& value) { append(std::move(value), stamp_); }

  /// Emits with a timestamp of its own.
  void emit(T value, timestamp stamp) { append(std::move(value), stamp); }

  /// Engine: timestamp given to records emitted without one.
  void stamp(timestamp stamp) noexcept { stamp_ = stamp; }

  /// Engine: hands on what has been gathered.
  void flush() {
    if (!open_)
      return;
    emitted_ += open_->size();
    target_->receive(std::move(open_));
  }

  /// Engine: drops what has been gathered.
  void discard() noexcept { open_ = nullptr; }

  /// Records handed on so far.
  [[nodiscard]] std::uint64_t emitted() const noexcept { return emitted_; }

  [[nodiscard]] bool full() const { return target_->full(); }
  [[nodiscard]] receiver<T>& target() const noexcept { return *target_; }

private:
  template <class V>
  void append(V&& value, timestamp stamp) {
    if (!open_) [[unlikely]]
      open_ = record_batch<T>::make();
    open_->append(std::forward<V>(value), stamp);
    if (open_->at_target()) [[unlikely]]
      flush();
  }

  receiver<T>* target_; // not owned
  record_batch_ptr<T> open_;
  timestamp stamp_ = min_timestamp;
  std::uint64_t emitted_ = 0;
};

} // namespace flow
