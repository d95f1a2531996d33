#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "libflow/core/timestamp.hpp"
#include "libflow/functions/side_outputs.hpp"
#include "libflow/state/operator_state.hpp"
#include "libflow/time/clock.hpp"

namespace flow {

/// Where a function runs: what `open` of a function object is given.
/// @thread the subtask; the reference is valid until `close` returns
class runtime_context {
public:
  struct place {
    std::string job_name;
    std::string operator_name;
    std::uint32_t subtask_index = 0;
    std::uint32_t parallelism = 1;
    std::uint32_t max_parallelism = 128;
    std::uint32_t attempt = 0;
    /// 16 hex digits that stay with the operator's uid.
    std::string operator_id = {};
    std::string job_id = {}; ///< 32 hex digits
    std::string run = {};    ///< this attempt among all runs of the job
  };

  /// @param states  of the operator; null: it keeps none for its function
  explicit runtime_context(const place& where,
                           operator_state_store* states = nullptr);

  [[nodiscard]] const std::string& job_name() const { return place_.job_name; }
  [[nodiscard]] const std::string& operator_name() const {
    return place_.operator_name;
  }
  /// Stays the same over restarts and changes of the graph, given a uid.
  [[nodiscard]] const std::string& operator_id() const {
    return place_.operator_id;
  }
  /// Stays the same over restarts, also of the process.
  [[nodiscard]] const std::string& job_id() const { return place_.job_id; }
  /// Names this attempt among all attempts of all runs of the job; a text that
  /// may be part of a file's name.
  [[nodiscard]] const std::string& run() const { return place_.run; }
  /// From 0 to parallelism() - 1.
  [[nodiscard]] std::uint32_t subtask_index() const {
    return place_.subtask_index;
  }
  [[nodiscard]] std::uint32_t parallelism() const { return place_.parallelism; }
  [[nodiscard]] std::uint32_t max_parallelism() const {
    return place_.max_parallelism;
  }
  /// 1 in the first run; one more after each restart of the job.
  [[nodiscard]] std::uint32_t attempt() const { return place_.attempt; }

  /// A list of this subtask that belongs to no key and is part of every
  /// snapshot: a handle to keep in the function. Only in `open`: a restore
  /// fills the states that are known then; its entries are there when
  /// `restored` is called, or with the first record.
  /// Throws std::invalid_argument, which fails the attempt, when the name
  /// stands for another state, std::logic_error in sources and sinks, whose
  /// readers and writers give entries of their own.
  template <class T>
  [[nodiscard]] operator_list_state<T>
  operator_state(const list_state_descriptor<T>& descriptor) {
    return given(operator_states().list(descriptor));
  }
  /// The same, except that a restore gives every subtask all entries.
  template <class T>
  [[nodiscard]] union_list_state<T>
  operator_state(const union_list_state_descriptor<T>& descriptor) {
    return given(operator_states().union_list(descriptor));
  }

private:
  operator_state_store& operator_states() {
    if (operator_states_ == nullptr)
      throw std::logic_error{"here is no operator state: sources and sinks "
                             "give the entries of their snapshots themselves"};
    return *operator_states_;
  }

  template <class Handle>
  static Handle given(expected<Handle> found) {
    if (!found)
      throw std::invalid_argument{found.error().text};
    return *found;
  }

  place place_;
  operator_state_store* operator_states_; // not owned
};

/// What a process function may ask about the record at hand.
/// @thread the subtask; valid during the call only
class process_context {
public:
  explicit process_context(side_outputs& sides, const clock* time = nullptr)
    : sides_(&sides), time_(time) {}

  /// Timestamp of the record; `min_timestamp` = none.
  [[nodiscard]] timestamp record_timestamp() const noexcept { return stamp_; }

  /// The watermark that held before this record.
  [[nodiscard]] timestamp current_watermark() const noexcept {
    return watermark_;
  }

  /// The wall clock, in ms since 1970.
  [[nodiscard]] timestamp processing_time() const { return time_->now(); }

  /// Emits to a side output with the record's timestamp.
  template <class T>
  void emit(const output_tag<T>& tag, T value) {
    sides_->emit(tag, std::move(value), stamp_);
  }

  /// Engine: the next record.
  void advance(timestamp stamp, timestamp watermark) noexcept {
    stamp_ = stamp;
    watermark_ = watermark;
  }

private:
  side_outputs* sides_; // not owned
  const clock* time_;   // not owned
  timestamp stamp_ = min_timestamp;
  timestamp watermark_ = min_timestamp;
};

} // namespace flow
