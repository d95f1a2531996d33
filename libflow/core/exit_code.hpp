#pragma once

#include "libflow/core/error.hpp"

namespace flow {

/// How every program ends. The numbers are API: never renumber.
enum class exit_code : int {
  ok = 0,            ///< done
  failed = 1,        ///< the job or the command failed
  usage = 2,         ///< an option, key or value that cannot be used
  not_found = 3,     ///< what the command is about does not exist
  unreachable = 4,   ///< no cluster answers
  timed_out = 5,     ///< a deadline passed
  damaged = 6,       ///< data of our own format fails its checks
  interrupted = 130, ///< SIGINT without a clean stop
  terminated = 143,  ///< SIGTERM without a clean stop
};

/// For `return` of main.
constexpr int to_int(exit_code code) noexcept {
  return static_cast<int>(code);
}

/// The exit code of a command that ended with an error. A job that ran
/// and failed is `exit_code::failed` whatever the code is, but for damage that
/// is fatal; an error of parsing options is `exit_code::usage`.
constexpr exit_code exit_code_of(error_code code) noexcept {
  switch (code) {
  case error_code::invalid_argument:
    return exit_code::usage;
  case error_code::not_found:
    return exit_code::not_found;
  case error_code::timed_out:
    return exit_code::timed_out;
  case error_code::corrupt_data:
    return exit_code::damaged;
  case error_code::invalid_job:
  case error_code::io:
  case error_code::malformed_input:
  case error_code::incompatible:
  case error_code::user_function:
  case error_code::cancelled:
    break;
  }
  return exit_code::failed;
}

} // namespace flow
