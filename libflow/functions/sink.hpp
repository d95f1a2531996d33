#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "libflow/core/error.hpp"
#include "libflow/functions/context.hpp"
#include "libflow/functions/snapshot_context.hpp"

namespace flow {

/// What a sink promises about each record after a failure and a restore.
enum class sink_guarantee {
  exactly_once,  ///< visible once
  at_least_once, ///< visible, perhaps more than once
  at_most_once,  ///< visible once or lost
};

/// What of a sink_writer knows no record type. Calls come from one subtask, in
/// this order: `open`, `restore` (at most once), any number of `write`,
/// `flush`, `snapshot` and news of checkpoints, then either `finish` (the
/// stream ended well) or nothing (it failed), `close` last. After `finish` a
/// final snapshot may follow, and the news that it completed.
///
/// A writer that waits for someone else to take what it was given says so by
/// `full()`: the subtask then consumes nothing until the waker was called and
/// `resume` has left room. What is being processed may still be written.
class sink_writer_base {
public:
  virtual ~sink_writer_base() = default;

  virtual expected<void> open(runtime_context& context) = 0;

  /// What has the subtask look at `full()` again; given once, before `open`.
  /// A copy may be called from any thread, also after the subtask has ended.
  virtual void set_waker(std::function<void()>) {}

  /// True while the subtask must not go on: there is no room, after `finish`
  /// something is still on its way, or `resume` has an error to tell.
  [[nodiscard]] virtual bool full() const { return false; }

  /// Called while full, whenever the subtask was woken. An error fails the
  /// attempt.
  virtual expected<void> resume() { return {}; }

  /// Makes what was written visible as far as the sink shows records before
  /// they are committed (a terminal does, a committing file sink does not).
  virtual expected<void> flush() { return {}; }

  /// All input was written: make it visible for good.
  virtual expected<void> finish() { return {}; }

  /// The barrier of a checkpoint: what is needed to make visible what was
  /// written so far, once the checkpoint has completed. Must be short; what
  /// blocks goes into `writer_snapshot::work`.
  virtual expected<writer_snapshot> snapshot(const snapshot_context&) {
    return writer_snapshot{};
  }

  /// Entries of the restored checkpoint, dealt out over all writers: any
  /// number, of any old writer. Called with none when there was none.
  virtual expected<void>
  restore(std::span<const std::vector<std::byte>> /*entries*/) {
    return {};
  }

  /// The checkpoint, and so every earlier one, is durable: show what was
  /// prepared for it. Ids may be skipped, also the final one's.
  virtual expected<void> checkpoint_completed(std::uint64_t /*id*/) {
    return {};
  }

  /// The checkpoint will never be restored; what was prepared for it is shown
  /// with the next that completes.
  virtual expected<void> checkpoint_aborted(std::uint64_t /*id*/) { return {}; }

  virtual void close() {}
};

/// Writes one subtask's share.
template <class T>
class sink_writer : public sink_writer_base {
public:
  /// Records in order with their timestamps; both spans have one size.
  virtual expected<void> write(std::span<const T> values,
                               std::span<const timestamp> stamps) = 0;
};

/// Describes a sink; makes its writers. Constant after the job was built.
template <class T>
class sink {
public:
  virtual ~sink() = default;

  [[nodiscard]] virtual std::string kind() const = 0;
  [[nodiscard]] virtual sink_guarantee guarantee() const = 0;

  /// True when writers may block for long: their subtasks get own threads.
  [[nodiscard]] virtual bool blocking() const { return false; }

  [[nodiscard]] virtual std::unique_ptr<sink_writer<T>> make_writer() const = 0;
};

} // namespace flow
