#pragma once

#include <cstdint>
#include <memory>
#include <typeinfo>
#include <vector>

#include "actors/support/caf.hpp"
#include "libflow/core/timestamp.hpp"

/// Actors of a program <-> a job: what `from_actor` and `to_actor` speak.
///
///   (attach_atom)        sender -> gateway: tell me my window
///   (source_batch)       sender -> gateway: records, against credit
///   (source_credit)      gateway -> sender: the window at first, then chunks
///   (source_refused)     gateway -> sender: these were not taken
///   (source_closed)      gateway -> sender: nothing is taken any more
///   (source_resume)      gateway -> sender: send on from this record
///   (source_acknowledged) gateway -> sender: these need not be kept
///   (resume_atom)        reader -> gateway: it begins anew somewhere
///   (settled_atom, count) reader -> gateway: so many are settled
///   (close_atom)         anyone -> gateway: the input is complete
///   (taken_atom)         reader -> gateway: room was made, credit is due
///   (over_atom)          the job's control -> gateway: the job has ended
///
///   (outgoing_batch)     writer -> courier
///   (delivery<T>)        courier -> receiver (actors/api/to_actor.hpp)
///   (delivery_ack)       receiver -> courier
///   (close_atom)         writer -> courier: the task has ended
///
/// All stay within the process: records are handed over, never encoded.
namespace flow {

FLOW_ATOM(attach)
FLOW_ATOM(close)
FLOW_ATOM(taken)
FLOW_ATOM(resume)
FLOW_ATOM(settled)
FLOW_ATOM(over)

/// Records without their type, on their way from an actor into a source. One
/// owner at a time.
class value_block {
public:
  value_block() = default;
  value_block(const value_block&) = delete;
  value_block& operator=(const value_block&) = delete;
  virtual ~value_block() = default;

  [[nodiscard]] virtual std::size_t size() const noexcept = 0;
  [[nodiscard]] virtual const std::type_info& record_type() const noexcept = 0;

  /// @pre count <= size()
  virtual void drop_front(std::size_t count) = 0;
};

using value_block_ptr = std::shared_ptr<value_block>;

template <class T>
class typed_value_block final : public value_block {
public:
  /// @param stamp of all values; `min_timestamp` = none
  typed_value_block(std::vector<T> records, timestamp stamp)
    : values(std::move(records)), stamp_of_all(stamp) {}

  [[nodiscard]] std::size_t size() const noexcept override {
    return values.size();
  }
  [[nodiscard]] const std::type_info& record_type() const noexcept override {
    return typeid(T);
  }
  void drop_front(std::size_t count) override {
    values.erase(values.begin(),
                 values.begin() + static_cast<std::ptrdiff_t>(count));
  }

  std::vector<T> values;
  timestamp stamp_of_all;
};

/// Names one actor source, so that an actor that feeds several knows which
/// one an answer is about: the id of its gateway.
using source_id = std::uint64_t;

struct source_batch {
  /// The sender's own number of the batch; comes back with a refusal.
  std::uint64_t number = 0;
  value_block_ptr values{};
  /// Of a sender that repeats: which of its records is the first here, from 0,
  /// and the epoch of the last source_resume.
  std::uint64_t first = 0;
  std::uint32_t epoch = 0;
};

/// To a sender that repeats: send on from record `from`, whatever was sent
/// before. Credit begins anew. Comes first as the answer to attach_atom, and
/// after each failure.
struct source_resume {
  source_id source = 0;
  std::uint64_t from = 0;
  std::uint32_t epoch = 0;
  std::uint32_t credits = 0;
};

/// The records below `up_to` are in a completed checkpoint: they will not be
/// asked for again. Not the same as credit.
struct source_acknowledged {
  source_id source = 0;
  std::uint64_t up_to = 0;
};

/// Permission to send so many more records.
struct source_credit {
  source_id source = 0;
  std::uint32_t credits = 0;
};

enum class refusal : std::uint8_t {
  window_full, ///< more than the credit allowed
  closed,      ///< the source was closed, or its job has ended
  gap,         ///< records before it were never sent
  not_alone,   ///< another sender feeds a source whose sender repeats
};

/// Records that did not enter the source; they are the sender's again.
struct source_refused {
  source_id source = 0;
  refusal why = refusal::closed;
  std::uint64_t number = 0; ///< of the batch
  value_block_ptr values;
};

struct source_closed {
  source_id source = 0;
};

/// A batch and, inside `content`, the message that the receiver gets.
struct outgoing_batch {
  std::uint64_t sequence = 0;
  caf::message content;
};

struct delivery_ack {
  std::uint64_t sequence = 0;
};

} // namespace flow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::source_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::source_credit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::source_resume)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::source_acknowledged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::source_refused)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::source_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::outgoing_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::delivery_ack)
