#include "tools/harness/job_windows.hpp"

#include <utility>

#include "libflow/testing/harness_of.hpp"
#include "tools/harness/operator_subject.hpp"

namespace flow::harness {

namespace {

using maker = testing::operator_harness<value>::maker;

/// What the function is called with.
enum class given : std::uint8_t { sums, records };

template <given What, class Key, class Windowed>
data_stream<value> with_function(Windowed windows, const window_plan& plan) {
  windows.allowed_lateness(plan.options.allowed_lateness);
  if (plan.options.late_output)
    windows.side_output_late(*plan.options.late_output);
  const stateless_window_function<Key> function{plan.function};
  if constexpr (What == given::sums)
    return windows.template reduce<value>(commutative(sum_records), function);
  else
    return windows.template process<value>(function);
}

template <given What, class Windows>
maker made(const window_plan& plan, Windows windows) {
  auto make = testing::operator_of<value>([&](auto in) {
    if (plan.keyed)
      return with_function<What, value>(in.key_by(by_key{}).window(windows),
                                        plan);
    return with_function<What, no_key>(in.window_all(windows), plan);
  });
  if (!make)
    throw refusal(make.error().text);
  return *make;
}

/// Empty: what the API would take is the operator of windows one by one.
maker of_job(const window_plan& plan) {
  const bool folds = plan.function.folds();
  const auto& chosen = plan.assigner.chosen();
  if (const auto* sessions = std::get_if<session_windows>(&chosen))
    return folds ? made<given::sums>(plan, session_event_time{sessions->gap()})
                 : maker{};
  const auto* windows = std::get_if<sliding_windows>(&chosen);
  if (windows == nullptr)
    return {};
  if (windows->size() != windows->slide())
    return folds ? made<given::sums>(
             plan, sliding_event_time{windows->size(), windows->slide(),
                                      windows->offset()})
                 : maker{};
  const tumbling_event_time tumbling{windows->size(), windows->offset()};
  return folds ? made<given::sums>(plan, tumbling)
               : made<given::records>(plan, tumbling);
}

} // namespace

std::unique_ptr<subject> make_as_job(const window_plan& plan,
                                     const placement& where) {
  if (plan.assigner.domain() != time_domain::event || !plan.default_trigger
      || !plan.evictor.is_null() || plan.function.keeps_state())
    return nullptr;
  maker make = of_job(plan);
  if (!make)
    return nullptr;
  auto described = plan_of(std::move(make));
  if (plan.options.late_output)
    described.late_sides.push_back("late");
  described.passes_on = plan.function.passes_on();
  return std::make_unique<operator_subject>(std::move(described), where);
}

} // namespace flow::harness
