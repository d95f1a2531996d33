#pragma once

#include <optional>
#include <string>
#include <utility>

#include "libflow/core/output_tag.hpp"
#include "libflow/core/timestamp.hpp"

namespace flow {

/// A record that an operator left out because its function threw.
struct failed_record {
  std::string operator_name;
  std::string reason;  ///< the exception's text
  std::string record;  ///< as text, cut after 200 characters; empty where the
                       ///< type cannot be printed
  std::string encoded; ///< the whole record, by its codec
  timestamp stamp = min_timestamp; ///< the record's; min_timestamp = none
};

/// What becomes of a record whose function throws: `stream.on_error(policy)`,
/// per operator. Without one the attempt fails, and the job restarts as its
/// restart strategy says.
///
///     const flow::output_tag<flow::failed_record> rejects{"rejects"};
///     auto parsed = lines.map(parse).on_error(
///       flow::error_policy::dead_letter(rejects));
///     parsed.side_output(rejects).print();
///
/// What the function emitted and wrote to state for the record before it threw
/// stays. Left-out records count as skipped. Timers, windows that fire and
/// sinks have no record to leave out: what throws there fails the attempt, and
/// so does flow::fatal() everywhere.
class error_policy {
public:
  /// The default.
  [[nodiscard]] static error_policy fail() { return error_policy{true, {}}; }
  /// The record is left out.
  [[nodiscard]] static error_policy skip() { return error_policy{false, {}}; }
  /// The same, and described in a side output of the operator.
  [[nodiscard]] static error_policy
  dead_letter(output_tag<failed_record> where) {
    return error_policy{false, std::move(where)};
  }

  [[nodiscard]] bool fails() const noexcept { return fails_; }
  [[nodiscard]] const std::optional<output_tag<failed_record>>&
  dead_letters() const noexcept {
    return where_;
  }
  /// For --explain.
  [[nodiscard]] std::string describe() const {
    if (where_)
      return "to the side output " + where_->name();
    return fails_ ? "fail" : "skip";
  }

private:
  error_policy(bool fails, std::optional<output_tag<failed_record>> where)
    : fails_(fails), where_(std::move(where)) {}

  bool fails_;
  std::optional<output_tag<failed_record>> where_;
};

} // namespace flow
