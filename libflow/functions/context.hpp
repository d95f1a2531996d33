#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "libflow/core/timestamp.hpp"
#include "libflow/functions/side_outputs.hpp"
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

  explicit runtime_context(place where) : place_(std::move(where)) {}

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

private:
  place place_;
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
