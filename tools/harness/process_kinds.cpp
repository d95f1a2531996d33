#include <algorithm>
#include <cctype>
#include <string_view>

#include "libflow/testing/harness_of.hpp"
#include "tools/harness/broadcast_functions.hpp"
#include "tools/harness/kind_entries.hpp"
#include "tools/harness/operator_subject.hpp"
#include "tools/harness/process_functions.hpp"

namespace flow::harness {

namespace {

using maker = testing::operator_harness<value>::maker;

template <class... In, class Compose>
maker made(Compose compose) {
  auto make = testing::operator_of<In...>(std::move(compose));
  if (!make)
    throw refusal(make.error().text);
  return *make;
}

std::unique_ptr<subject> subject_of(maker make, std::size_t inputs,
                                    const placement& where) {
  auto plan = plan_of(std::move(make));
  plan.options.channels.assign(inputs, 1);
  plan.sides = {"int-out", "long-out", "br-out", "non-br-out"};
  return std::make_unique<operator_subject>(std::move(plan), where);
}

std::unique_ptr<subject> make_process(const value& of, const placement& where) {
  return subject_of(made<value>([&](auto in) {
                      return in.template process<value>(plain_function{of});
                    }),
                    1, where);
}

std::unique_ptr<subject> make_keyed(const value& of, const placement& where) {
  return subject_of(made<value>([&](auto in) {
                      return in.key_by(by_key{}).template process<value>(
                        keyed_function{of});
                    }),
                    1, where);
}

std::unique_ptr<subject> make_co(const value& of, const placement& where) {
  return subject_of(made<value, value>([&](auto first, auto second) {
                      return first.connect(second).template process<value>(
                        plain_function{of});
                    }),
                    2, where);
}

std::unique_ptr<subject> make_keyed_co(const value& of,
                                       const placement& where) {
  return subject_of(made<value, value>([&](auto first, auto second) {
                      return first.key_by(by_key{})
                        .connect(second.key_by(by_key{}))
                        .template process<value>(keyed_function{of});
                    }),
                    2, where);
}

std::unique_ptr<subject> make_broadcast(const value& of,
                                        const placement& where) {
  return subject_of(made<value, value>([&](auto first, auto second) {
                      return first.connect(second.broadcast())
                        .template process<value>(broadcast_function<false>{of});
                    }),
                    2, where);
}

std::unique_ptr<subject> make_keyed_broadcast(const value& of,
                                              const placement& where) {
  return subject_of(made<value, value>([&](auto first, auto second) {
                      return first.key_by(by_key{})
                        .connect(second.broadcast())
                        .template process<value>(broadcast_function<true>{of});
                    }),
                    2, where);
}

bool flag(const value& of, const char* name, bool otherwise) {
  return of[name].is_null() ? otherwise : of[name].as_bool();
}

/// An interval join, whose buffers are its states: by side the times at which
/// it holds a record, in order.
class interval_join_subject final : public operator_subject {
public:
  using operator_subject::operator_subject;

  [[nodiscard]] value state(const std::string& name,
                            const value& key) override {
    auto buffers =
      dynamic_cast<join_inspection<value, value, value>&>(op()).buffers_of(key);
    if (is_side(name, "left"))
      return times_of(buffers.left);
    if (is_side(name, "right"))
      return times_of(buffers.right);
    return operator_subject::state(name, key);
  }

private:
  /// `left`, `left_buffer`, `LEFT_BUFFER`, ...
  static bool is_side(std::string name, std::string_view side) {
    std::ranges::transform(name, name.begin(), [](unsigned char each) {
      return static_cast<char>(std::tolower(each));
    });
    return name.starts_with(side);
  }

  static value times_of(const std::vector<held_record<value>>& records) {
    value::list times;
    for (const auto& each : records)
      if (const value at{each.stamp}; times.empty() || times.back() != at)
        times.push_back(at);
    return times;
  }
};

std::unique_ptr<subject> make_interval_join(const value& of,
                                            const placement& where) {
  const output_tag<value> left{"left_late"};
  const output_tag<value> right{"right_late"};
  const bool sides = flag(of, "late_side_output", false);
  const duration_ms lower{of["lower_ms"].as_int()};
  const duration_ms upper{of["upper_ms"].as_int()};
  if (lower > upper)
    throw refusal("an interval join needs lower <= upper");
  auto make = made<value, value>([&](auto first, auto second) {
    auto join = first.key_by(by_key{}).interval_join(second.key_by(by_key{}));
    join.between(lower, upper);
    if (!flag(of, "lower_inclusive", true))
      join.lower_exclusive();
    if (!flag(of, "upper_inclusive", true))
      join.upper_exclusive();
    if (sides) {
      join.late_left(left);
      join.late_right(right);
    }
    return join.process([](const value& a, const value& b) {
      return value{value::map{{"left", a["value"]}, {"right", b["value"]}}};
    });
  });
  auto plan = plan_of(std::move(make));
  plan.options.channels = {1, 1};
  if (sides)
    plan.late_sides = {"left_late", "right_late"};
  return std::make_unique<interval_join_subject>(std::move(plan), where);
}

using make_subject = std::unique_ptr<subject> (*)(const value&,
                                                  const placement&);

bool is_known(const std::string& function) {
  const auto is_it = [&](std::string_view name) { return name == function; };
  return std::ranges::any_of(keyed_function_names, is_it)
         || std::ranges::any_of(broadcast_function_names, is_it);
}

/// Asks for the function before there is an operator, whose errors are
/// refusals.
operator_kind_entry with_function(std::string name, make_subject make) {
  return {std::move(name), [make](const value& of, const placement& where) {
            if (const std::string function = catalogue_base{of}.name();
                !is_known(function))
              throw unknown_feature("the function \"" + function
                                    + "\" is not known");
            return make(of, where);
          }};
}

operator_kind_entry with_broadcast(std::string name, make_subject make) {
  auto result = with_function(std::move(name), make);
  result.broadcast = [](const value&, std::size_t input) { return input == 1; };
  return result;
}

} // namespace

std::vector<operator_kind_entry> process_kinds() {
  return {with_function("process", make_process),
          with_function("keyed_process", make_keyed),
          with_function("co_process", make_co),
          with_function("keyed_co_process", make_keyed_co),
          with_broadcast("broadcast_process", make_broadcast),
          with_broadcast("keyed_broadcast_process", make_keyed_broadcast),
          {"interval_join", make_interval_join}};
}

std::vector<std::string> process_function_names() {
  std::vector<std::string> result;
  for (const std::string_view name : keyed_function_names)
    result.push_back("process function " + std::string{name});
  for (const char* name : broadcast_function_names)
    result.push_back("process function " + std::string{name});
  return result;
}

} // namespace flow::harness
