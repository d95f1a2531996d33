#pragma once

#include <memory>

#include "tools/harness/subject.hpp"
#include "tools/harness/window_plan.hpp"

namespace flow::harness {

/// The windows of a case made by the API, so by the operator that a job would
/// run. Null where that is the operator of windows one by one anyway, which the
/// case has by itself.
[[nodiscard]] std::unique_ptr<subject> make_as_job(const window_plan& plan,
                                                   const placement& where);

} // namespace flow::harness
