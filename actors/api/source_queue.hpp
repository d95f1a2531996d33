#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages/bridge_messages.hpp"

namespace flow {

/// What an actor source does about records that a failure would lose.
enum class actor_delivery : std::uint8_t {
  at_most_once,  ///< nothing: they are lost
  at_least_once, ///< its one sender repeats what is not acknowledged
  exactly_once,  ///< the same, and what comes again is dropped by its number
};

/// What stands between the actors that feed a source and the subtask that
/// reads it: records in the order of their arrival, and a window per sender.
///
/// A sender may have at most `window` records in the queue. Room that the
/// reader makes goes back to the sender in chunks of a quarter of the window,
/// so at most a quarter less one stays unannounced.
///
/// Owner: shared by the gateway, which fills it, and the source's reader.
/// Bound: window times the number of senders. A lock per batch.
/// @thread any
class source_queue {
public:
  using sender = std::uint64_t; ///< id of an actor

  explicit source_queue(std::uint32_t window,
                        actor_delivery delivery = actor_delivery::at_most_once);

  struct grant {
    sender to = 0;
    std::uint32_t credits = 0;
  };

  /// Records that were never read.
  struct leftover {
    sender from = 0;
    std::uint64_t number = 0; ///< of the batch
    value_block_ptr values;
  };

  /// A run of records of one batch, for the reader alone.
  struct portion {
    value_block_ptr values;
    std::size_t first = 0;
    std::size_t count = 0;
  };

  [[nodiscard]] std::uint32_t window() const noexcept { return window_; }

  // -- the gateway's side -----------------------------------------------------

  [[nodiscard]] actor_delivery delivery() const noexcept { return delivery_; }

  /// Where a sender that repeats has to go on.
  struct position {
    std::uint64_t next = 0;
    std::uint32_t epoch = 0;
  };
  [[nodiscard]] position expected_next() const;

  /// Makes a sender known. @return its window, 0 when it was known or the
  /// queue is closed
  std::uint32_t attach(sender who);

  /// The sender is gone; what it sent stays.
  void detach(sender who);

  /// Takes a batch, or says why not; then `batch` is untouched.
  /// @pre the sender is attached
  std::optional<refusal> offer(sender who, source_batch& batch);

  /// Credit that is due; each is returned once.
  [[nodiscard]] std::vector<grant> due_grants();

  /// Takes nothing more; what is queued can still be read.
  void close();

  /// Nobody will read any more. @return what was left, oldest first
  [[nodiscard]] std::vector<leftover> abandon();

  [[nodiscard]] bool closed() const;

  // -- the reader's side ------------------------------------------------------

  /// A reader begins. `waker` is called when there is something to read after
  /// `take` found nothing.
  void open(std::function<void()> waker);
  /// A reader begins anew at record `next`: what is queued, and what is under
  /// way from before, is dropped; the sender sends it again.
  void restart(std::uint64_t next);
  /// The reader has ended; another may begin.
  void leave();

  struct taken {
    std::optional<portion> records;
    bool finished = false;   ///< closed and empty
    bool credit_due = false; ///< the gateway has grants to send
  };
  /// At most `room` records.
  [[nodiscard]] taken take(std::size_t room);

private:
  struct account {
    std::uint32_t queued = 0;      ///< records in the queue
    std::uint32_t unannounced = 0; ///< room made, not yet granted
  };
  struct entry {
    sender from = 0;
    std::uint64_t number = 0;
    value_block_ptr values;
    std::size_t next = 0; ///< first record that was not taken
  };

  [[nodiscard]] std::uint32_t chunk() const noexcept {
    return window_ < 4 ? 1 : window_ / 4;
  }
  bool credit(sender to, std::uint32_t records);
  std::optional<refusal> place(sender who, source_batch& batch, account& its);
  /// The waker to call once the lock is released, if the reader waits.
  [[nodiscard]] std::function<void()> wake_reader();

  const std::uint32_t window_;
  const actor_delivery delivery_;
  mutable std::mutex mutex_;
  std::map<sender, account> accounts_; // all below guarded by mutex_
  std::deque<entry> entries_;
  std::function<void()> waker_;
  bool reader_waits_ = false;
  bool closed_ = false;
  position next_; // record that is to be queued next, of a sender that repeats
};

} // namespace flow
