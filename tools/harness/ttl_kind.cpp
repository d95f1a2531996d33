#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "libflow/testing/keyed_state_harness.hpp"
#include "tools/harness/kind_entries.hpp"

namespace flow::harness {

namespace {

value add(const value& a, const value& b) {
  return a.as_int() + b.as_int();
}

/// Starts at 3; its result is text.
struct sum_from_three {
  std::int64_t create_accumulator() const { return 3; }
  void add(std::int64_t& sum, const value& each) const { sum += each.as_int(); }
  value result(const std::int64_t& sum) const { return std::to_string(sum); }
};

bool says(const value& text, const char* word) {
  return text.is_text() && text.as_text().find(word) != std::string::npos;
}

std::optional<state_ttl> ttl_of(const value& described) {
  if (described.is_null())
    return std::nullopt;
  state_ttl result;
  value time = described;
  for (const char* name : {"ms", "ttl_ms", "time_ms", "time_to_live_ms", "ttl"})
    if (!described[name].is_null())
      time = described[name];
  result.time_to_live = duration_ms{time.as_int()};
  for (const char* name : {"update", "update_type", "refresh"})
    if (says(described[name], "read"))
      result.refresh = state_ttl::update::read_and_write;
  for (const char* name : {"visibility", "visible", "state_visibility"}) {
    const value& wanted = described[name];
    if (says(wanted, "not_cleaned") || says(wanted, "relaxed")
        || says(wanted, "return_expired_if"))
      result.visible = state_ttl::visibility::return_if_not_cleaned_up;
  }
  return result;
}

/// Keyed state alone under a clock that the case sets.
class ttl_subject final : public subject {
public:
  ttl_subject(const value& described, const placement& where)
    : kind_(described["state"].is_map() ? described["state"]["type"].as_text()
                                        : described["state"].as_text()),
      where_(where), ttl_(ttl_of(described["ttl"])) {
    start();
  }

  void processing_time(timestamp now) override {
    states_->set_processing_time(now);
  }

  [[nodiscard]] bool has_state() const override { return true; }
  operator_snapshot snapshot() override { return states_->snapshot(); }
  void restore(std::span<const operator_snapshot> parts,
               const std::function<void(subject&)>& first) override {
    if (first)
      first(*this);
    if (auto read = states_->restore(parts); !read)
      throw refusal(read.error().text);
  }

  value call(const call_step& asked) override {
    call_step step = asked;
    step.resolve({"update", "get", "put", "entries", "contains", "clear", "add",
                  "remove"});
    const value key = step.all().is_map() && !step.arg("key").is_null()
                        ? step.arg("key")
                        : value{"key"};
    states_->select(key);
    return act(step);
  }

private:
  void start() {
    testing::harness_options options;
    options.subtask_index = where_.index;
    options.parallelism = where_.parallelism;
    options.max_parallelism = where_.max_parallelism;
    states_.emplace(options);
    try {
      ask_for_state();
    } catch (const std::invalid_argument& thrown) {
      throw refusal(thrown.what());
    }
  }

  void ask_for_state() {
    if (kind_ == "value")
      value_ = states_->state(value_state_descriptor<value>{"s", {}, ttl_, 0});
    else if (kind_ == "list")
      list_ = states_->state(list_state_descriptor<value>{"s", ttl_, 0});
    else if (kind_ == "map")
      map_ = states_->state(map_state_descriptor<value, value>{"s", ttl_, 0});
    else if (kind_ == "reducing")
      reducing_ = states_->state(
        reducing_state_descriptor<value, add_type>{"s", add, ttl_, 0});
    else if (kind_ == "aggregating")
      aggregating_ = states_->state(
        aggregating_state_descriptor<value, sum_from_three>{"s", {}, ttl_, 0});
    else
      throw unknown_feature("the state \"" + kind_ + "\" is not known");
  }

  value act(const call_step& step) {
    const std::string& name = step.name();
    if (name == "update" || name == "add")
      return update(step);
    if (name == "get")
      return get(step);
    if (name == "clear")
      return clear();
    if (kind_ == "map")
      return act_on_map(step);
    unknown(name);
  }

  /// The value to write: under `value`, or the first argument.
  [[nodiscard]] value given(const call_step& step) const {
    if (step.all().is_list() && kind_ == "list") {
      const auto& all = step.all().as_list();
      return all.size() == 1 && all[0].is_list() ? all[0] : step.all();
    }
    for (const char* name : {"values", "entry", "map_value"})
      if (step.all().is_map() && step.has(name))
        return step.arg(name);
    return step.arg("value", 0);
  }

  value update(const call_step& step) {
    const value what = given(step);
    if (kind_ == "value") {
      if (what.is_null())
        value_.clear();
      else
        value_.set(what);
    } else if (kind_ == "list") {
      for (const value& each :
           what.is_list() ? what.as_list() : value::list{what})
        list_.add(each);
    } else if (kind_ == "reducing") {
      reducing_.add(what);
    } else if (kind_ == "aggregating") {
      aggregating_.add(what);
    } else {
      put(step);
    }
    return {};
  }

  [[nodiscard]] value get(const call_step& step) const {
    if (kind_ == "value")
      return value_.value();
    if (kind_ == "list") {
      const auto held = list_.get();
      return value::list{held.begin(), held.end()};
    }
    if (kind_ == "reducing")
      return reducing_.has_value() ? reducing_.get() : value{};
    if (kind_ == "aggregating")
      return aggregating_.has_value() ? aggregating_.get() : value{};
    const value* held = map_.find(map_key_of(step));
    return held != nullptr ? *held : value{};
  }

  value clear() {
    if (kind_ == "value")
      value_.clear();
    else if (kind_ == "list")
      list_.clear();
    else if (kind_ == "map")
      map_.clear();
    else if (kind_ == "reducing")
      reducing_.clear();
    else
      aggregating_.clear();
    return {};
  }

  [[nodiscard]] static value map_key_of(const call_step& step) {
    if (step.has("map_key"))
      return step.arg("map_key");
    const value& first = step.arg("value", 0);
    return first.is_list() ? first.as_list().at(0) : first;
  }

  /// A pair [map key, value], or both by name.
  void put(const call_step& step) {
    const value what = given(step);
    if (what.is_list() && !step.has("map_key"))
      map_.put(what.as_list().at(0), what.as_list().at(1));
    else if (step.all().is_list())
      map_.put(step.all().as_list().at(0), step.all().as_list().at(1));
    else
      map_.put(map_key_of(step), what);
  }

  value act_on_map(const call_step& step) {
    const std::string& name = step.name();
    if (name == "put") {
      put(step);
      return {};
    }
    if (name == "contains")
      return map_.contains(map_key_of(step));
    if (name == "remove") {
      map_.erase(map_key_of(step));
      return {};
    }
    if (name != "entries")
      unknown(name);
    value::list entries;
    map_.for_each([&](const value& key, const value& held) {
      entries.push_back(value::list{key, held});
    });
    return entries;
  }

  using add_type = value (*)(const value&, const value&);

  std::string kind_;
  placement where_;
  std::optional<state_ttl> ttl_;
  std::optional<testing::keyed_state_harness<value>> states_;
  value_state<value> value_;
  list_state<value> list_;
  map_state<value, value> map_;
  reducing_state<value, add_type> reducing_;
  aggregating_state<value, sum_from_three> aggregating_;
};

} // namespace

std::vector<operator_kind_entry> ttl_kinds() {
  return {{"keyed_state", [](const value& described, const placement& where) {
             return std::make_unique<ttl_subject>(described, where);
           }}};
}

} // namespace flow::harness
