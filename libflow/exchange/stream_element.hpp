#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "libflow/core/assert.hpp"
#include "libflow/core/batch.hpp"
#include "libflow/core/receiver.hpp"
#include "libflow/core/timestamp.hpp"

namespace flow {

/// What an element of a channel is. Values travel on links: do not renumber.
enum class element_kind : std::uint8_t {
  data = 0,              ///< a batch and the watermark after its last record
  watermark = 1,         ///< a watermark without records before it
  status = 2,            ///< the channel turned idle or active
  barrier = 3,           ///< a checkpoint passes here
  end_of_data = 4,       ///< no record follows; a last barrier may
  end_of_partition = 5,  ///< nothing follows
  latency_marker = 6,    ///< measures how long an element is under way
  barrier_cancelled = 7, ///< the barrier of a checkpoint will not come
};

/// What a barrier asks for. Values travel on links: do not renumber.
enum class barrier_kind : std::uint8_t {
  checkpoint = 0, ///< for recovery; may build on earlier ones
  savepoint = 1,  ///< complete by itself
};

/// Separates the records that a checkpoint contains from those it does not.
struct checkpoint_barrier {
  std::uint64_t checkpoint_id = 0;
  timestamp triggered = 0; ///< wall clock of the coordinator, ms
  barrier_kind kind = barrier_kind::checkpoint;

  friend bool operator==(const checkpoint_barrier&,
                         const checkpoint_barrier&) = default;
};

/// How the data of a channel ended. Values travel on links: do not renumber.
enum class end_mode : std::uint8_t {
  drained = 0, ///< all of it: max_timestamp came before, windows have fired
  stopped = 1, ///< the job goes on after a restore; nothing is closed early
};

/// Comes from a source and passes through the operators like a record.
struct latency_marker {
  timestamp emitted = 0;     ///< wall clock of the source, ms
  std::uint32_t vertex = 0;  ///< of the source
  std::uint32_t subtask = 0; ///< of the source

  friend bool operator==(const latency_marker&,
                         const latency_marker&) = default;
};

/// What travels on a channel, in order. A value of 32 bytes; moving it moves a
/// pointer, copying it shares the batch. Each accessor has the kinds it may be
/// called for as its precondition.
class stream_element {
public:
  /// A watermark that says nothing.
  stream_element() = default;

  /// @param after watermark that holds after the last record; min_timestamp
  /// when there is no new one
  /// @pre batch is not null
  [[nodiscard]] static stream_element of_data(batch_ptr batch,
                                              timestamp after = min_timestamp) {
    FLOW_ASSERT(batch.get() != nullptr, "data without a batch");
    stream_element result{element_kind::data, 0, after, 0};
    result.batch_ = std::move(batch);
    return result;
  }

  [[nodiscard]] static stream_element of_watermark(timestamp mark) noexcept {
    return {element_kind::watermark, 0, mark, 0};
  }

  [[nodiscard]] static stream_element of_status(stream_status status) noexcept {
    return {element_kind::status, static_cast<std::uint8_t>(status), 0, 0};
  }

  [[nodiscard]] static stream_element
  of_barrier(const checkpoint_barrier& barrier) noexcept {
    return {element_kind::barrier, static_cast<std::uint8_t>(barrier.kind),
            barrier.triggered, barrier.checkpoint_id};
  }

  [[nodiscard]] static stream_element
  of_barrier_cancelled(std::uint64_t checkpoint_id) noexcept {
    return {element_kind::barrier_cancelled, 0, 0, checkpoint_id};
  }

  [[nodiscard]] static stream_element of_end_of_data(end_mode mode) noexcept {
    return {element_kind::end_of_data, static_cast<std::uint8_t>(mode), 0, 0};
  }

  [[nodiscard]] static stream_element of_end_of_partition() noexcept {
    return {element_kind::end_of_partition, 0, 0, 0};
  }

  [[nodiscard]] static stream_element
  of_latency_marker(const latency_marker& marker) noexcept {
    return {element_kind::latency_marker, 0, marker.emitted,
            std::uint64_t{marker.vertex} << 32 | marker.subtask};
  }

  [[nodiscard]] element_kind kind() const noexcept { return kind_; }
  [[nodiscard]] bool is_data() const noexcept {
    return kind_ == element_kind::data;
  }

  /// Of data.
  [[nodiscard]] const batch_ptr& batch() const noexcept { return batch_; }
  [[nodiscard]] batch_ptr take_batch() noexcept { return std::move(batch_); }

  /// Of data and watermark; of data min_timestamp when there is none.
  [[nodiscard]] timestamp watermark() const {
    FLOW_ASSERT(kind_ == element_kind::watermark || is_data(),
                "an element without a watermark");
    return time_;
  }

  /// Of status.
  [[nodiscard]] stream_status status() const {
    check(element_kind::status);
    return static_cast<stream_status>(detail_);
  }

  /// Of barrier.
  [[nodiscard]] checkpoint_barrier barrier() const {
    check(element_kind::barrier);
    return {id_, time_, static_cast<barrier_kind>(detail_)};
  }

  /// Of barrier_cancelled.
  [[nodiscard]] std::uint64_t cancelled_checkpoint() const {
    check(element_kind::barrier_cancelled);
    return id_;
  }

  /// Of end_of_data.
  [[nodiscard]] end_mode ended() const {
    check(element_kind::end_of_data);
    return static_cast<end_mode>(detail_);
  }

  /// Of latency_marker.
  [[nodiscard]] latency_marker marker() const {
    check(element_kind::latency_marker);
    return {time_, static_cast<std::uint32_t>(id_ >> 32),
            static_cast<std::uint32_t>(id_)};
  }

  /// Whether it takes a credit to send it: only data does. The others carry no
  /// memory worth counting and come at a pace of their own (watermark
  /// interval, checkpoint interval, turns of status), and a barrier or an end
  /// must not wait for credit once it is first in its queue.
  [[nodiscard]] bool costs_credit() const noexcept { return is_data(); }

  /// Memory behind it; 0 for all but data.
  [[nodiscard]] std::size_t bytes() const noexcept {
    return batch_ ? batch_->bytes() : 0;
  }

  /// Bytes and number of its records; 0 for all but data.
  [[nodiscard]] std::size_t record_bytes() const noexcept {
    return batch_ ? batch_->record_bytes() : 0;
  }
  [[nodiscard]] std::size_t record_count() const noexcept {
    return batch_ ? batch_->size() : 0;
  }

private:
  stream_element(element_kind kind, std::uint8_t detail, timestamp time,
                 std::uint64_t id) noexcept
    : time_(time), id_(id), kind_(kind), detail_(detail) {}

  void check(element_kind kind) const {
    FLOW_ASSERT(kind_ == kind, "an element of another kind");
  }

  batch_ptr batch_;
  timestamp time_ = min_timestamp; // watermark, or wall clock
  std::uint64_t id_ = 0;           // checkpoint id, or origin of a marker
  element_kind kind_ = element_kind::watermark;
  std::uint8_t detail_ = 0; // status, barrier kind or end mode
};

static_assert(sizeof(stream_element) <= 48, "elements are moved around a lot");

} // namespace flow
