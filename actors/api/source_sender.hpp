#pragma once

#include <span>

#include "actors/api/from_actor.hpp"

namespace flow {

/// What an actor keeps to feed a source within its window. Give it the answers
/// of the source:
///
///     self->state.out.attach(self);   // once; the window is the answer
///     return {
///       [=](const flow::source_credit& c) {
///         self->state.out.on_credit(c);
///         produce(self); // while (out.offer(self, next)) ...
///       },
///       [=](const flow::source_closed& c) { self->state.out.on_closed(c); },
///       ...
///     };
///
/// Owner: the actor; it alone may call.
template <class T>
class source_sender {
public:
  explicit source_sender(source_handle<T> to) : handle_(std::move(to)) {}

  [[nodiscard]] const source_handle<T>& handle() const { return handle_; }

  /// Asks for the window; before the answer there is no room.
  template <class Self>
  void attach(Self&& self) {
    self->send(handle_.gateway(), attach_atom::value);
  }

  /// Records that may be sent now; 0 when closed.
  [[nodiscard]] std::uint32_t room() const noexcept {
    return closed_ ? 0 : credits_;
  }
  [[nodiscard]] bool full() const noexcept { return room() == 0; }
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }

  /// @return false when the window is full or the source closed: nothing was
  ///         sent, try again after the next on_credit
  template <class Self>
  [[nodiscard]] bool offer(Self&& self, T value,
                           timestamp stamp = min_timestamp) {
    if (full())
      return false;
    flow::send(self, handle_, std::move(value), stamp);
    count(1);
    return true;
  }

  /// Sends as many as there is room for, from the first on.
  /// @return how many were sent
  template <class Self>
  [[nodiscard]] std::size_t offer_some(Self&& self, std::span<const T> values,
                                       timestamp stamp = min_timestamp) {
    const std::size_t fits = std::min<std::size_t>(values.size(), room());
    if (fits == 0)
      return 0;
    const auto part = values.first(fits);
    flow::send_batch(self, handle_, std::vector<T>(part.begin(), part.end()),
                     stamp);
    count(fits);
    return fits;
  }

  /// @return false when the message is about another source
  bool on_credit(const source_credit& credit) noexcept {
    if (credit.source != handle_.id())
      return false;
    credits_ += credit.credits;
    return true;
  }

  bool on_closed(const source_closed& closed) noexcept {
    if (closed.source != handle_.id())
      return false;
    closed_ = true;
    return true;
  }

private:
  void count(std::size_t records) noexcept {
    credits_ -= static_cast<std::uint32_t>(records);
    sent_ += records;
  }

  source_handle<T> handle_;
  std::uint32_t credits_ = 0;
  std::uint64_t sent_ = 0;
  bool closed_ = false;
};

} // namespace flow
