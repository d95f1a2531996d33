#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/functions/context.hpp"
#include "libflow/functions/snapshot_context.hpp"

namespace flow {

using byte_string = std::vector<std::byte>;

/// What a reader has to say after one poll.
enum class poll_status {
  more,     ///< there is more to read at once
  waiting,  ///< nothing to read now: for a split, the context's waker, or
            ///< until `retry_after`
  finished, ///< nothing will follow; the reader is not polled again
};

struct poll_result {
  poll_status status = poll_status::more;
  /// With `waiting`: poll again after this time even if no split came.
  std::optional<std::chrono::milliseconds> retry_after;
};

/// What a reader may ask of its surroundings. @thread the subtask
class source_context : public runtime_context {
public:
  source_context(
    const place& where, side_outputs& sides,
    std::function<void()> request_split, std::function<void()> waker = [] {});

  /// Asks the coordinator for the next split; the answer comes through
  /// `add_split` or `no_more_splits`.
  void request_split() { request_split_(); }

  /// Has the subtask poll again after `poll_status::waiting`, for readers that
  /// are fed from outside. A copy may be kept and called from any thread, also
  /// when the subtask has ended: then it does nothing. Costs a message.
  [[nodiscard]] const std::function<void()>& waker() const { return waker_; }

  /// Emits to a side output of the source, for instance rejected rows.
  template <class T>
  void emit(const output_tag<T>& tag, T value,
            timestamp stamp = min_timestamp) {
    sides_->emit(tag, std::move(value), stamp);
  }

  /// Counts input that was left out (malformed, skipped on request).
  void count_skipped(std::uint64_t records) noexcept { skipped_ += records; }
  [[nodiscard]] std::uint64_t skipped() const noexcept { return skipped_; }

private:
  side_outputs* sides_; // not owned
  std::function<void()> request_split_;
  std::function<void()> waker_;
  std::uint64_t skipped_ = 0;
};

/// Reads one subtask's share of a source.
///
/// Calls come from one subtask only and in this order: `open`, `restore` (at
/// most once), then `poll`, `add_split`, `no_more_splits` and `snapshot` in any
/// order, `close` last. No call may block longer than a step (500 us) unless
/// the source says `blocking()`.
template <class T>
class source_reader {
public:
  virtual ~source_reader() = default;

  virtual expected<void> open(source_context& context) = 0;

  /// Appends at most `room` records to `out`. An error fails the attempt.
  virtual expected<poll_result> poll(record_batch<T>& out,
                                     std::size_t room) = 0;

  /// A split from the coordinator, in the coordinator's own encoding.
  virtual expected<void> add_split(std::span<const std::byte>) { return {}; }
  virtual void no_more_splits() {}

  /// The user asked the job to stop: read nothing more, report `finished`. A
  /// snapshot may follow from which the job goes on later, so positions stay.
  virtual void stop() {}

  /// Positions, one entry per split, such that a reader restored from any
  /// redistribution of all readers' entries continues where they stood.
  [[nodiscard]] virtual std::vector<byte_string> snapshot() const { return {}; }
  virtual expected<void> restore(std::span<const byte_string>) { return {}; }

  /// Right before `snapshot`, for readers that want to know which one.
  virtual void begin_snapshot(const snapshot_context&) {}

  /// The checkpoint, and so every earlier one, is durable: what was read before
  /// it will not be asked for again. Ids may be skipped.
  virtual void checkpoint_completed(std::uint64_t /*id*/) {}

  /// The checkpoint will never be restored.
  virtual void checkpoint_aborted(std::uint64_t /*id*/) {}

  /// Records read, for sources that know better than the number emitted
  /// (rejected rows count as read).
  [[nodiscard]] virtual std::optional<double> progress() const {
    return std::nullopt;
  }

  virtual void close() {}
};

/// Hands splits to the readers of one source. Runs as an actor of its own;
/// what is here is its decision logic. Calls come one at a time.
class split_coordinator {
public:
  virtual ~split_coordinator() = default;

  /// Called once, before any request.
  virtual expected<void> open(std::uint32_t parallelism) = 0;

  /// The next split for a reader, or none: there is nothing left.
  virtual expected<std::optional<byte_string>> next(std::uint32_t subtask) = 0;

  /// A failed reader's splits come back, as its snapshot held them.
  virtual void give_back(std::vector<byte_string> splits) = 0;

  [[nodiscard]] virtual byte_string snapshot() const = 0;
  virtual expected<void> restore(std::span<const std::byte>) = 0;

  /// As for readers.
  virtual void checkpoint_completed(std::uint64_t /*id*/) {}
  virtual void checkpoint_aborted(std::uint64_t /*id*/) {}
};

/// What a source can do after a failure.
enum class replay_guarantee {
  replayable,    ///< reads again from positions of a checkpoint
  at_least_once, ///< the sender repeats what was not acknowledged
  at_most_once,  ///< what was read and not processed is lost
};

/// Describes a source; makes its readers. Copied into the job graph, shared
/// by subtasks: constant after the job was built.
template <class T>
class source {
public:
  virtual ~source() = default;

  [[nodiscard]] virtual std::string kind() const = 0; ///< e.g. "csv file"
  [[nodiscard]] virtual bool bounded() const = 0;
  [[nodiscard]] virtual replay_guarantee replay() const = 0;

  /// True when readers may block: they get threads of their own.
  [[nodiscard]] virtual bool blocking() const { return false; }

  /// 0 = any parallelism.
  [[nodiscard]] virtual std::uint32_t required_parallelism() const { return 0; }

  [[nodiscard]] virtual std::unique_ptr<source_reader<T>>
  make_reader() const = 0;

  /// Null for sources whose readers know their share from their index.
  [[nodiscard]] virtual std::unique_ptr<split_coordinator>
  make_coordinator() const {
    return nullptr;
  }
};

} // namespace flow
