#include "libflow/operators/user_error.hpp"

namespace flow {

namespace {

error user_failure(const std::string& operator_name, const std::string& record,
                   const char* what, error_severity severity) {
  std::string text = "operator \"" + operator_name + "\": " + what;
  if (!record.empty())
    text += " (record: " + record + ")";
  return {error_code::user_function, std::move(text), severity};
}

} // namespace

void rethrow_as_task_failure(const std::string& operator_name,
                             const std::string& record) {
  try {
    throw;
  } catch (const task_failure&) {
    throw;
  } catch (const fatal_error& e) {
    throw task_failure{
      user_failure(operator_name, record, e.what(), error_severity::fatal)};
  } catch (const std::exception& e) {
    throw task_failure{
      user_failure(operator_name, record, e.what(), error_severity::retryable)};
  } catch (...) {
    throw task_failure{user_failure(operator_name, record,
                                    "threw something that is no exception",
                                    error_severity::retryable)};
  }
}

} // namespace flow
