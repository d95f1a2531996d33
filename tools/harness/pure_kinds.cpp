#include <algorithm>
#include <array>
#include <utility>

#include "libflow/core/key_group.hpp"
#include "libflow/exchange/routers.hpp"
#include "libflow/windows/assigners.hpp"
#include "tools/harness/assigners.hpp"
#include "tools/harness/kind_entries.hpp"
#include "tools/harness/murmur.hpp"

namespace flow::harness {

namespace {

value to_value(const time_window& window) {
  return value::list{window.start, window.end};
}

time_window window_of(const value& from) {
  if (from.is_list())
    return {from.as_list().at(0).as_int(), from.as_list().at(1).as_int()};
  return {from["start"].as_int(), from["end"].as_int()};
}

value to_values(std::vector<time_window> windows) {
  value::list result;
  for (const time_window& each : windows)
    result.push_back(to_value(each));
  return result;
}

std::uint32_t number(const value& from) {
  if (from.as_int() < 0 || from.as_int() > 0xffffffff)
    throw refusal("a number from 0 to 2^32 - 1 is wanted, got " + from.dump());
  return static_cast<std::uint32_t>(from.as_int());
}

/// The description of an assigner in a call: under `assigner`, as the first
/// argument, or spread over the arguments.
const value& assigner_in(const call_step& step) {
  if (step.arg("assigner").is_map())
    return step.arg("assigner");
  return step.all();
}

value assign(const call_step& step) {
  const value& ts =
    step.has("ts", 1) ? step.arg("ts", 1) : step.arg("timestamp", 1);
  const value record =
    value::map{{"key", step.arg("key", 2)}, {"value", step.arg("value", 3)}};
  case_assigner assigner{assigner_in(step)};
  if (assigner.is_global())
    return value::list{"global"};
  std::vector<time_window> windows;
  assigner.assign(record, ts.is_null() ? min_timestamp : ts.as_int(),
                  [&](const time_window& each) { windows.push_back(each); });
  std::ranges::sort(windows);
  return to_values(std::move(windows));
}

value merge(const call_step& step) {
  const value& given =
    step.has("windows", 0) ? step.arg("windows", 0) : step.all();
  std::vector<time_window> windows;
  for (const value& each : given.as_list())
    windows.push_back(window_of(each));
  std::vector<time_window> result = windows;
  merge_touching(std::move(windows), [&](const time_window& target,
                                         const std::vector<time_window>& of) {
    std::erase_if(result, [&](const time_window& each) {
      return std::ranges::find(of, each) != of.end();
    });
    result.push_back(target);
  });
  std::ranges::sort(result);
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return to_values(std::move(result));
}

value two_windows(const call_step& step) {
  const auto a = window_of(step.arg("a", 0));
  const auto b = window_of(step.arg("b", 1));
  if (step.name() == "intersects")
    return a.intersects(b);
  return to_value(a.cover(b));
}

struct pure_function {
  const char* name;
  value (*call)(const call_step& step);
};

value call_window_start(const call_step& step) {
  const auto size = step.arg("size", 2).as_int();
  if (size <= 0)
    throw refusal("a window's size is above 0");
  return window_start(step.arg("ts", 0).as_int(),
                      step.arg("offset", 1).as_int(), size);
}

value call_max_timestamp(const call_step& step) {
  return window_of(step.window()).max_timestamp();
}

value call_cleanup_time(const call_step& step) {
  return window_of(step.arg("window", 0))
    .cleanup_time(duration_ms{step.arg("allowed_lateness_ms", 1).as_int()});
}

value call_key_group(const call_step& step) {
  return murmur_key_group(step.arg("key", 0),
                          number(step.arg("max_parallelism", 1)));
}

value call_key_group_range(const call_step& step) {
  const auto max = number(step.arg("max_parallelism", 0));
  const auto parallelism = number(step.arg("parallelism", 1));
  const auto index =
    number(step.has("operator_index", 2) ? step.arg("operator_index", 2)
                                         : step.arg("index", 2));
  if (parallelism > max || index >= parallelism || max > max_max_parallelism)
    throw refusal("operator index, parallelism, max parallelism out of order");
  const auto range = range_of(index, parallelism, max);
  return value::list{range.first, range.last};
}

value call_operator_for_key_group(const call_step& step) {
  const auto max = number(step.arg("max_parallelism", 0));
  const auto parallelism = number(step.arg("parallelism", 1));
  const auto group = number(step.arg("key_group", 2));
  if (parallelism > max || group >= max)
    throw refusal("key group, parallelism, max parallelism out of order");
  return operator_of(group, parallelism, max);
}

value call_default_max_parallelism(const call_step& step) {
  return default_max_parallelism(number(step.arg("parallelism", 0)));
}

constexpr std::array functions{
  pure_function{"window_start", call_window_start},
  pure_function{"assign", assign},
  pure_function{"assign_windows", assign},
  pure_function{"merge", merge},
  pure_function{"merge_windows", merge},
  pure_function{"session_merge", merge},
  pure_function{"intersects", two_windows},
  pure_function{"cover", two_windows},
  pure_function{"max_timestamp", call_max_timestamp},
  pure_function{"cleanup_time", call_cleanup_time},
  pure_function{"key_group", call_key_group},
  pure_function{"key_group_range", call_key_group_range},
  pure_function{"operator_for_key_group", call_operator_for_key_group},
  pure_function{"default_max_parallelism", call_default_max_parallelism},
};

class pure_subject final : public subject {
public:
  value call(const call_step& step) override {
    const auto found = std::ranges::find_if(
      functions, [&](const auto& one) { return step.name() == one.name; });
    if (found == functions.end())
      throw unknown_feature("the function \"" + step.name()
                            + "\" is not known");
    return found->call(step);
  }
};

/// The windows of one key under merging.
class window_set_subject final : public subject {
public:
  explicit window_set_subject(const value& description)
    : assigner_(description["assigner"].is_null()
                  ? value{value::map{{"type", "session"}, {"gap_ms", 1}}}
                  : description["assigner"]) {}

  value call(const call_step& asked) override {
    call_step step = asked;
    step.resolve({"add", "state_window", "retire"});
    const auto window = window_of(step.window());
    if (step.name() == "add")
      return added(windows_.add(window, assigner_));
    if (step.name() == "state_window") {
      const auto* found = windows_.state_window(window);
      return found != nullptr ? to_value(*found) : value{};
    }
    if (step.name() != "retire")
      unknown(step.name());
    windows_.retire(window);
    return {};
  }

private:
  static value added(const merging_window_set<time_window>::added& outcome) {
    value::map result{{"window", to_value(outcome.window)}};
    for (const auto& merge : outcome.merges) {
      result["target"] = to_value(merge.target);
      result["sources"] = sorted(merge.sources);
      result["state_window"] = to_value(merge.state_window);
      result["merged_state_windows"] = sorted(merge.absorbed);
    }
    return result;
  }
  static value sorted(std::vector<time_window> windows) {
    std::ranges::sort(windows);
    return to_values(std::move(windows));
  }

  case_assigner assigner_;
  merging_window_set<time_window> windows_;
};

/// The choice of channels of an edge.
class partitioner_subject final : public subject {
public:
  explicit partitioner_subject(const value& description)
    : how_(first_of(description, {"partitioner", "type", "name"}).as_text()),
      channels_(number(first_of(description, {"channels", "parallelism"}))),
      description_(description),
      spread_(how_ == "shuffle" ? spread_router::order::random
                                : spread_router::order::round_robin,
              channels_, 0) {}

  value call(const call_step& step) override {
    if (how_ == "broadcast") {
      value::list all;
      for (std::uint32_t i = 0; i < channels_; ++i)
        all.push_back(i);
      return all;
    }
    if (how_ == "global" || how_ == "forward")
      return 0;
    if (how_ == "rebalance" || how_ == "rescale" || how_ == "shuffle"
        || how_ == "round_robin")
      return spread_(0);
    if (how_ == "custom") {
      custom_router router{[](const value& key, std::uint32_t channels) {
                             return static_cast<std::uint64_t>(key.as_int())
                                    % channels;
                           },
                           channels_};
      return router(step.arg("key", 0));
    }
    if (how_ == "key_group" || how_ == "hash" || how_ == "key_by")
      return operator_of(
        key_group_of(key_hash(step.arg("key", 0)), max_parallelism()),
        channels_, max_parallelism());
    throw unknown_feature("the partitioner \"" + how_ + "\" is not known");
  }

private:
  [[nodiscard]] static const value&
  first_of(const value& description, std::initializer_list<const char*> names) {
    for (const char* name : names)
      if (!description[name].is_null())
        return description[name];
    return description["none"];
  }
  [[nodiscard]] std::uint32_t max_parallelism() const {
    return description_["max_parallelism"].is_null()
             ? min_max_parallelism
             : number(description_["max_parallelism"]);
  }

  std::string how_;
  std::uint32_t channels_;
  value description_;
  spread_router spread_;
};

} // namespace

std::vector<operator_kind_entry> pure_kinds() {
  return {
    {"pure", [](const value&,
                const placement&) { return std::make_unique<pure_subject>(); }},
    {"window_set",
     [](const value& description, const placement&) {
       return std::make_unique<window_set_subject>(description);
     }},
    {"partitioner", [](const value& description, const placement&) {
       return std::make_unique<partitioner_subject>(description);
     }}};
}

std::vector<std::string> pure_function_names() {
  std::vector<std::string> result;
  for (const auto& each : functions)
    result.push_back(std::string{"pure function "} + each.name);
  return result;
}

} // namespace flow::harness
