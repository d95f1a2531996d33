#pragma once

#include <concepts>
#include <exception>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "libflow/core/error.hpp"
#include "libflow/operators/operator.hpp"

namespace flow {

/// Thrown by user code to end the job without a restart.
struct fatal_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Ends the job without a restart, from inside a function.
[[noreturn]] inline void fatal(const std::string& why) {
  throw fatal_error(why);
}

template <class T>
concept printable = requires(std::ostream& out, const T& value) {
  { out << value } -> std::convertible_to<std::ostream&>;
};

/// The record as text, or empty when its type cannot be printed. Cut after
/// 200 characters.
template <class T>
std::string describe_record(const T& record) {
  if constexpr (printable<T>) {
    std::ostringstream out;
    out << record;
    std::string result = std::move(out).str();
    if (result.size() > 200)
      result = result.substr(0, 200) + "...";
    return result;
  } else {
    return {};
  }
}

/// Turns the exception in flight into a task_failure that names the operator
/// and the record; one that already is a task_failure goes on unchanged.
/// @pre called from a catch block
[[noreturn]] void rethrow_as_task_failure(const std::string& operator_name,
                                          const std::string& record);

/// Runs `loop`; `record()` describes the record at hand when it throws.
template <class Loop, class Record>
void guard_user_code(const std::string& operator_name, Loop&& loop,
                     Record&& record) {
  try {
    loop();
  } catch (...) {
    rethrow_as_task_failure(operator_name, record());
  }
}

} // namespace flow
