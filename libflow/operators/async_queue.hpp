#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "libflow/core/assert.hpp"
#include "libflow/core/receiver.hpp"
#include "libflow/functions/async_options.hpp"

namespace flow {

/// The records of an asynchronous operator from their arrival until their
/// results are out, and the watermarks and statuses between them.
/// Owner: the operator. @thread the subtask
template <class In, class Out>
class async_queue {
public:
  enum class state : std::uint8_t {
    waiting, ///< no request has been made
    running, ///< requests are on their way
    done,    ///< the results are there
    out,     ///< emitted; the place is still taken
  };
  enum class kind : std::uint8_t { record, watermark, active, idle };

  struct entry {
    kind what = kind::record;
    state how = state::waiting;
    In value{};
    timestamp stamp = min_timestamp; ///< of the record, or the watermark
    std::uint32_t attempt = 0;
    std::vector<Out> results{};
  };

  explicit async_queue(async_order order) : order_(order) {}

  /// @return the number by which find() knows it
  std::uint64_t push(entry one) {
    const std::uint64_t number = first_ + entries_.size();
    if (one.what == kind::record) {
      ++waiting_;
    } else {
      one.how = state::done;
      markers_.push_back(number);
    }
    entries_.push_back(std::move(one));
    return number;
  }

  /// The record of a number, or nullptr once it is out.
  [[nodiscard]] entry* find(std::uint64_t number) noexcept {
    if (number < first_ || number >= first_ + entries_.size())
      return nullptr;
    entry& found = entries_[number - first_];
    return found.how == state::out ? nullptr : &found;
  }

  /// The next record for which no request was made; it counts as running from
  /// now on. @pre waiting() > 0
  std::uint64_t start_next() {
    for (next_ = std::max(next_, first_);; ++next_) {
      entry& candidate = entries_[next_ - first_];
      if (candidate.what != kind::record || candidate.how != state::waiting)
        continue;
      candidate.how = state::running;
      --waiting_;
      ++running_;
      ++started_;
      return next_;
    }
  }

  /// @pre the record is running
  void finish(std::uint64_t number, std::vector<Out> results) {
    entry& one = entries_[number - first_];
    FLOW_ASSERT(one.how == state::running, "only what runs can be finished");
    one.how = state::done;
    one.results = std::move(results);
    --running_;
    if (order_ == async_order::unordered)
      ready_.push_back(number);
  }

  /// The next entry that may go out, or nullptr; taken by mark_out().
  [[nodiscard]] entry* next_out() noexcept {
    drop_front();
    if (entries_.empty())
      return nullptr;
    if (entries_.front().how == state::done) {
      out_ = first_;
      return &entries_.front();
    }
    if (order_ == async_order::ordered)
      return nullptr;
    return next_ready();
  }
  void mark_out() {
    entry& one = entries_[out_ - first_];
    started_ -= one.what == kind::record ? 1 : 0;
    one.how = state::out;
    one.results.clear();
    drop_front();
  }

  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }
  [[nodiscard]] std::size_t running() const noexcept { return running_; }
  /// Records whose requests were made and whose results are not out.
  [[nodiscard]] std::size_t started() const noexcept { return started_; }

  /// Calls f(const entry&) for the records whose results are not out.
  template <class F>
  void for_each_record(F&& f) const {
    for (const entry& each : entries_)
      if (each.what == kind::record && each.how != state::out)
        f(each);
  }

private:
  /// A finished record before the first watermark.
  entry* next_ready() noexcept {
    for (auto at = ready_.begin(); at != ready_.end();) {
      entry* found = find(*at);
      if (found == nullptr) {
        at = ready_.erase(at);
      } else if (!markers_.empty() && *at >= markers_.front()) {
        ++at;
      } else {
        out_ = *at;
        return found;
      }
    }
    return nullptr;
  }

  void drop_front() noexcept {
    while (!entries_.empty() && entries_.front().how == state::out) {
      entries_.pop_front();
      ++first_;
    }
    while (!ready_.empty() && ready_.front() < first_)
      ready_.pop_front();
    while (!markers_.empty() && markers_.front() < first_)
      markers_.pop_front();
  }

  async_order order_;
  std::deque<entry> entries_;
  std::uint64_t first_ = 0;           ///< number of the first entry
  std::uint64_t next_ = 0;            ///< where start_next() looks on
  std::uint64_t out_ = 0;             ///< what next_out() gave
  std::deque<std::uint64_t> ready_;   ///< unordered: finished, as they finished
  std::deque<std::uint64_t> markers_; ///< watermarks and statuses
  std::size_t waiting_ = 0;
  std::size_t running_ = 0;
  std::size_t started_ = 0;
};

} // namespace flow
