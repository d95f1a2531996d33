#pragma once

#include <optional>
#include <string>
#include <utility>

#include "libflow/core/assert.hpp"

namespace flow {

/// Kinds of expected failures. Values appear in logs and in exit codes of
/// programs, never on disk.
enum class error_code {
  invalid_argument, ///< a value of the user's that cannot be used
  invalid_job,      ///< the job graph breaks a rule
  not_found,        ///< a file, state or job that does not exist
  io,               ///< the operating system refused; text carries path, errno
  malformed_input,  ///< a record that cannot be read; text carries file:line
  corrupt_data,     ///< bytes of our own format fail their checks
  incompatible,     ///< versions, types or parallelism do not fit
  user_function,    ///< code of the job's author threw
  cancelled,        ///< the job was told to stop
  timed_out,        ///< a deadline passed
};

/// Says whether a job that failed with an error may be restarted.
enum class error_severity { retryable, fatal };

/// An expected failure: what, where and what to do, as one text.
struct error {
  error_code code = error_code::invalid_argument;
  std::string text;
  error_severity severity = error_severity::retryable;

  friend bool operator==(const error&, const error&) = default;
};

/// A value or the error that stands in its place. Owner: the caller.
template <class T>
class [[nodiscard]] expected {
public:
  using value_type = T;

  expected(T value) : value_(std::move(value)) {}
  expected(flow::error err) : error_(std::move(err)) {}

  [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  /// @pre has_value()
  T& value() & {
    check();
    return *value_;
  }
  const T& value() const& {
    check();
    return *value_;
  }
  T&& value() && {
    check();
    return *std::move(value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// @pre !has_value()
  const flow::error& error() const {
    FLOW_ASSERT(!has_value(), "expected holds a value");
    return *error_;
  }

private:
  void check() const {
    if (!has_value()) [[unlikely]]
      invariant_failed(__FILE__, __LINE__, "has_value()", error_->text);
  }

  // One of the two; a variant would take twice the time to compile.
  std::optional<T> value_;
  std::optional<flow::error> error_;
};

/// Success, or the error.
template <>
class [[nodiscard]] expected<void> {
public:
  using value_type = void;

  expected() = default;
  expected(flow::error err) : error_(std::move(err)) {}

  [[nodiscard]] bool has_value() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return has_value(); }

  /// @pre !has_value()
  const flow::error& error() const {
    FLOW_ASSERT(error_.has_value(), "expected holds a value");
    return *error_;
  }

private:
  std::optional<flow::error> error_;
};

} // namespace flow
