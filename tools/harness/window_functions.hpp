#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "libflow/api/windowed_stream.hpp"
#include "tools/harness/operator_subject.hpp"

namespace flow::harness {

/// `{key, value}` with the sum of both values.
inline value sum_records(const value& a, const value& b) {
  return record_of(a["key"], a["value"].as_int() + b["value"].as_int());
}

/// What a case says of the function of its windows.
class window_function_plan {
public:
  explicit window_function_plan(const value& description);

  [[nodiscard]] const std::string& kind() const noexcept { return kind_; }
  /// Whether records are reduced as they come.
  [[nodiscard]] bool folds() const noexcept { return folds_; }
  /// Whether the reduced record is the result as it is.
  [[nodiscard]] bool emits_records() const noexcept {
    return folds_ && !processes_ && kind_ == "sum";
  }
  [[nodiscard]] bool passes_on() const noexcept {
    return kind_ == "pass_through";
  }
  [[nodiscard]] bool keeps_state() const noexcept {
    return kind_ == "sum_with_global_count";
  }

  [[nodiscard]] static std::vector<std::string> kinds() {
    return {"sum",
            "sum_window",
            "pass_through",
            "collect",
            "sum_with_global_count",
            "nothing"};
  }

private:
  std::string kind_;
  bool folds_;
  bool processes_;
};

inline window_function_plan::window_function_plan(const value& description)
  : kind_(description["kind"].as_text()) {
  const std::string style =
    description["style"].is_null() ? "process" : description["style"].as_text();
  const bool needs_all = kind_ == "pass_through" || kind_ == "collect";
  folds_ = style != "process" && !needs_all;
  processes_ = style != "reduce";
  const auto known = kinds();
  if (std::ranges::find(known, kind_) == known.end())
    throw unknown_feature("the function \"" + kind_ + "\" is not known");
}

[[nodiscard]] inline value key_value(const value& key) {
  return key;
}
[[nodiscard]] inline value key_value(const no_key&) {
  return {};
}

/// The function of a window, of its records or of their sum.
template <class Key, class W>
class stateless_function {
public:
  explicit stateless_function(window_function_plan plan)
    : plan_(std::move(plan)) {}

protected:
  using context_type = window_context<Key, W>;

  static std::int64_t sum_of(std::span<const value> records) {
    std::int64_t sum = 0;
    for (const value& each : records)
      sum += each["value"].as_int();
    return sum;
  }
  static std::int64_t sum_of(const value& reduced) {
    return reduced["value"].as_int();
  }

  void emit_sum(const context_type& context, std::int64_t sum,
                collector<value>& out) const {
    value::map result{{"key", key_value(context.key())}, {"value", sum}};
    if constexpr (!std::is_same_v<W, global_window>) {
      if (plan_.kind() == "sum_window") {
        result["start"] = context.window().start;
        result["end"] = context.window().end;
      }
    }
    out.emit(value{std::move(result)});
  }

  void emit_all(const context_type& context, std::span<const value> records,
                collector<value>& out) const {
    if (plan_.kind() == "pass_through") {
      for (const value& each : records)
        out.emit(each);
      return;
    }
    value::list values;
    for (const value& each : records)
      values.push_back(each["value"]);
    std::stable_sort(values.begin(), values.end());
    out.emit(value{value::map{{"key", key_value(context.key())},
                              {"values", std::move(values)}}});
  }

  window_function_plan plan_;
};

/// Any function of the catalogue.
template <class Key, class W>
class window_function : public stateless_function<Key, W> {
  using base = stateless_function<Key, W>;
  using context_type = typename base::context_type;

public:
  using base::base;

  void open(window_runtime_context<Key, W>& context) {
    firings_ =
      context.state(value_state_descriptor<std::int64_t>{"firings", 0, {}, 0});
  }

  template <class Result>
  void process(const context_type& context, const Result& result,
               collector<value>& out) {
    const std::string& kind = this->plan_.kind();
    if (kind == "nothing")
      return;
    if constexpr (std::is_same_v<Result, std::span<const value>>) {
      if (kind == "pass_through" || kind == "collect") {
        this->emit_all(context, result, out);
        return;
      }
    }
    if (kind != "sum_with_global_count") {
      this->emit_sum(context, base::sum_of(result), out);
      return;
    }
    firings_.set(firings_.value() + 1);
    out.emit(value{value::map{{"key", key_value(context.key())},
                              {"value", base::sum_of(result)},
                              {"firing", firings_.value()}}});
  }

private:
  value_state<std::int64_t> firings_;
};

/// Those of the catalogue that keep nothing, over reduced records or over all.
template <class Key>
class stateless_window_function : public stateless_function<Key, time_window> {
  using base = stateless_function<Key, time_window>;

public:
  using base::base;

  void operator()(const window_context<Key>& context, const value& reduced,
                  collector<value>& out) const {
    if (this->plan_.kind() != "nothing")
      this->emit_sum(context, base::sum_of(reduced), out);
  }
  void operator()(const window_context<Key>& context,
                  std::span<const value> records, collector<value>& out) const {
    const std::string& kind = this->plan_.kind();
    if (kind == "pass_through" || kind == "collect")
      this->emit_all(context, records, out);
    else if (kind != "nothing")
      this->emit_sum(context, base::sum_of(records), out);
  }
};

} // namespace flow::harness
