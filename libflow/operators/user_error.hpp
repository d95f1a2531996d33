#pragma once

#include <atomic>
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

/// Where a thread notes in whose code it is: the name, by the address that its
/// operator gives it.
using user_code_mark = std::atomic<const std::string*>;

/// The mark of the task whose step this thread is in, null in none. Set by the
/// runtime, so that others can say which function does not come back.
constinit inline thread_local user_code_mark* current_user_code = nullptr;

/// The thread is in an operator's user code while this lives.
class user_code_scope {
public:
  explicit user_code_scope(const std::string& operator_name) noexcept
    : mark_(current_user_code) {
    if (mark_ == nullptr)
      return;
    outer_ = mark_->load(std::memory_order_relaxed);
    mark_->store(&operator_name, std::memory_order_relaxed);
  }
  user_code_scope(const user_code_scope&) = delete;
  user_code_scope& operator=(const user_code_scope&) = delete;
  ~user_code_scope() {
    if (mark_ != nullptr)
      mark_->store(outer_, std::memory_order_relaxed);
  }

private:
  user_code_mark* mark_;
  const std::string* outer_ = nullptr;
};

/// Runs `loop`; `record()` describes the record at hand when it throws.
/// Cost: a few ns, so once per batch, not per record.
template <class Loop, class Record>
void guard_user_code(const std::string& operator_name, Loop&& loop,
                     Record&& record) {
  const user_code_scope scope{operator_name};
  try {
    loop();
  } catch (...) {
    rethrow_as_task_failure(operator_name, record());
  }
}

} // namespace flow
