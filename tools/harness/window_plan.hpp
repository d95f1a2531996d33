#pragma once

#include "libflow/windows/window_options.hpp"
#include "tools/harness/assigners.hpp"
#include "tools/harness/triggers.hpp"
#include "tools/harness/window_functions.hpp"

namespace flow::harness {

/// What a case says of its windows.
struct window_plan {
  explicit window_plan(const value& of)
    : assigner(of["assigner"]),
      keyed(of["keyed"].is_null() || of["keyed"].as_bool()),
      trigger(of["trigger"], assigner.domain(), assigner.is_global()),
      default_trigger(of["trigger"].is_null()
                      || of["trigger"] == value{"default"}
                      || of["trigger"]["type"] == value{"default"}),
      evictor(of["evictor"]), function(of["function"]) {
    if (assigner.is_merging() && !trigger.merges())
      throw refusal("windows that merge need a trigger that can merge");
    if (!of["allowed_lateness_ms"].is_null())
      options.allowed_lateness =
        duration_ms{of["allowed_lateness_ms"].as_int()};
    if (options.allowed_lateness.count() < 0)
      throw refusal("the allowed lateness is not negative");
    if (!of["late_side_output"].is_null() && of["late_side_output"].as_bool())
      options.late_output = output_tag<value>{"late"};
  }

  case_assigner assigner;
  bool keyed;
  case_trigger trigger;
  bool default_trigger; ///< that of the assigner
  value evictor;
  window_function_plan function;
  window_options<value> options;
};

} // namespace flow::harness
