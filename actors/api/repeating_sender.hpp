#pragma once

#include <deque>

#include "actors/api/from_actor.hpp"

namespace flow {

/// What an actor keeps to feed a source of `actor_delivery::at_least_once` or
/// `exactly_once`: every record until a completed checkpoint covers it, so that
/// it can be sent again after a failure. Give it the answers of the source:
///
///     self->state.out.attach(self);   // once
///     return {
///       [=](const flow::source_resume& news) {
///         self->state.out.on_resume(self, news);
///       },
///       [=](const flow::source_credit& news) {
///         self->state.out.on_credit(self, news);
///       },
///       [=](const flow::source_acknowledged& news) {
///         self->state.out.on_acknowledged(news);
///       },
///       ...
///     };
///
/// Bound: what was offered and is not acknowledged; look at kept().
/// Owner: the actor; it alone may call.
template <class T>
class repeating_sender {
public:
  /// @param first number of the first record that will be offered: 0, or where
  /// the log of a sender that outlives processes begins
  explicit repeating_sender(source_handle<T> to, std::uint64_t first = 0)
    : handle_(std::move(to)), first_kept_(first), next_(first) {}

  [[nodiscard]] const source_handle<T>& handle() const { return handle_; }

  template <class Self>
  void attach(Self&& self) {
    self->send(handle_.gateway(), attach_atom::value);
  }

  /// Takes the record; sends it when there is room.
  template <class Self>
  void offer(Self&& self, T value, timestamp stamp = min_timestamp) {
    kept_.push_back({std::move(value), stamp});
    send_some(self);
  }

  /// Records that are not acknowledged.
  [[nodiscard]] std::size_t kept() const noexcept { return kept_.size(); }
  /// Number of the first of them: all before are settled.
  [[nodiscard]] std::uint64_t acknowledged() const noexcept {
    return first_kept_;
  }
  /// Whether all that was offered is on its way.
  [[nodiscard]] bool idle() const noexcept {
    return next_ == first_kept_ + kept_.size();
  }

  /// @return false when the message is about another source
  template <class Self>
  bool on_resume(Self&& self, const source_resume& resume) {
    if (resume.source != handle_.id())
      return false;
    epoch_ = resume.epoch;
    credits_ = resume.credits;
    attached_ = true;
    next_ = std::clamp(resume.from, first_kept_, first_kept_ + kept_.size());
    send_some(self);
    return true;
  }

  template <class Self>
  bool on_credit(Self&& self, const source_credit& credit) {
    if (credit.source != handle_.id())
      return false;
    credits_ += credit.credits;
    send_some(self);
    return true;
  }

  bool on_acknowledged(const source_acknowledged& news) {
    if (news.source != handle_.id())
      return false;
    while (first_kept_ < news.up_to && !kept_.empty()) {
      kept_.pop_front();
      ++first_kept_;
    }
    return true;
  }

private:
  struct record {
    T value;
    timestamp stamp;
  };

  /// In messages of records with one timestamp.
  template <class Self>
  void send_some(Self&& self) {
    while (attached_ && credits_ > 0 && !idle()) {
      const auto from = static_cast<std::size_t>(next_ - first_kept_);
      const std::size_t most =
        std::min<std::size_t>(credits_, handle_.most_at_once());
      std::vector<T> part;
      for (std::size_t i = from; i < kept_.size() && part.size() < most
                                 && kept_[i].stamp == kept_[from].stamp;
           ++i)
        part.push_back(kept_[i].value);
      const auto count = static_cast<std::uint32_t>(part.size());
      self->send(handle_.gateway(),
                 source_batch{next_,
                              std::make_shared<typed_value_block<T>>(
                                std::move(part), kept_[from].stamp),
                              next_, epoch_});
      next_ += count;
      credits_ -= count;
    }
  }

  source_handle<T> handle_;
  std::deque<record> kept_;
  std::uint64_t first_kept_;
  std::uint64_t next_; // to be sent
  std::uint32_t credits_ = 0;
  std::uint32_t epoch_ = 0;
  bool attached_ = false;
};

} // namespace flow
