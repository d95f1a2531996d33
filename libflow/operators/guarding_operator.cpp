#include "libflow/operators/guarding_operator.hpp"

#include <utility>

namespace flow {

guarding_operator::~guarding_operator() = default;

void guarding_operator::set_error_policy(error_policy policy) {
  policy_ = std::move(policy);
}

void guarding_operator::note(failed_record failed) {
  try {
    throw;
  } catch (const task_failure&) {
    throw; // of an operator below
  } catch (const fatal_error&) {
    rethrow_as_task_failure(name(), failed.record);
  } catch (const std::exception& thrown) {
    failed.reason = thrown.what();
  } catch (...) {
    failed.reason = "threw something that is no exception";
  }
  failed.operator_name = name();
  ++counts_.skipped_records;
  const timestamp stamp = failed.stamp;
  if (const auto& where = policy_.dead_letters())
    sides_.emit(*where, std::move(failed), stamp);
}

} // namespace flow
