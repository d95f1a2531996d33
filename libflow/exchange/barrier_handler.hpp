#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "libflow/exchange/stream_element.hpp"

namespace flow {

/// Why a subtask gave a checkpoint up.
enum class barrier_abort : std::uint8_t {
  subsumed,         ///< a barrier of a newer one came first
  cancelled,        ///< upstream, or the coordinator, gave it up
  end_of_partition, ///< an input ended before its barrier (older mode alone)
};

/// What became of one checkpoint at one subtask.
struct barrier_event {
  checkpoint_barrier barrier; ///< of an aborted one only the id is certain
  std::optional<barrier_abort> aborted; ///< none: take the snapshot now

  friend bool operator==(const barrier_event&, const barrier_event&) = default;
};

/// Turns the barriers that arrive on a subtask's channels into moments at which
/// its snapshot has to be taken. Plain; knows no gate and no operators.
///
/// Events are to be fetched by `take` after each call, and acted upon in their
/// order: a snapshot belongs between the element that completed it and the
/// next. Owner: the task. @thread one
class barrier_handler {
public:
  virtual ~barrier_handler() = default;

  /// A barrier arrived. Late, doubled and given up ones are ignored.
  virtual void barrier(std::size_t channel,
                       const checkpoint_barrier& barrier) = 0;

  /// Upstream says on `channel` that the checkpoint will not come.
  virtual void cancel(std::size_t channel, std::uint64_t checkpoint_id) = 0;

  /// The coordinator gave the checkpoint up: whatever of it still arrives is
  /// ignored, and nothing waits for it.
  virtual void abort(std::uint64_t checkpoint_id) = 0;

  /// The channel has ended: it counts as having delivered every barrier.
  virtual void end_of_partition(std::size_t channel) = 0;

  /// What happened since the last call, in order.
  [[nodiscard]] std::vector<barrier_event> take() {
    return std::exchange(events_, {});
  }

  /// Whether elements of the channel must wait.
  [[nodiscard]] virtual bool blocked(std::size_t channel) const = 0;

  /// The newest checkpoint heard of; none before the first.
  [[nodiscard]] virtual std::optional<std::uint64_t> latest() const = 0;

  /// Whether some channel has delivered a barrier for which others are awaited.
  [[nodiscard]] virtual bool pending() const = 0;

  /// The channels that a pending checkpoint still waits for, for people.
  [[nodiscard]] virtual std::vector<std::size_t> awaited() const = 0;

protected:
  void taken(const checkpoint_barrier& barrier) {
    events_.push_back({barrier, std::nullopt});
  }
  void given_up(std::uint64_t checkpoint_id, barrier_abort why) {
    checkpoint_barrier barrier;
    barrier.checkpoint_id = checkpoint_id;
    events_.push_back({barrier, why});
  }

private:
  std::vector<barrier_event> events_;
};

} // namespace flow
