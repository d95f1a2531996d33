#pragma once

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "libflow/flow.hpp"
#include "tools/harness/operator_subject.hpp"

namespace flow::harness {

/// What process functions of the catalogue have in common: the function's name
/// and the clock that it goes by.
class catalogue_base {
public:
  explicit catalogue_base(const value& description)
    : name_((description["function"].is_map() ? description["function"]["name"]
                                              : description["function"])
              .as_text()),
      processing_(description["domain"] == value{"processing"}) {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

protected:
  [[nodiscard]] bool is(std::string_view name) const { return name_ == name; }
  [[nodiscard]] bool in_processing_time() const noexcept { return processing_; }

  [[noreturn]] void unknown() const {
    throw unknown_feature("the function \"" + name_ + "\" is not known here");
  }

  static value time_or_null(timestamp at) {
    return at == min_timestamp ? value{} : value{at};
  }
  /// Numbers as decimals, text as it is.
  static std::string text_of(const value& of) {
    return of.is_text() ? of.as_text() : of.dump();
  }

  template <class Context>
  [[nodiscard]] timestamp now(const Context& context) const {
    return processing_ ? context.processing_time()
                       : context.current_watermark();
  }

  template <class Context>
  void query_time(const value& payload, const Context& context,
                  collector<value>& out) const {
    out.emit(
      value{value::map{{"value", payload},
                       {"time", now(context)},
                       {"ts", time_or_null(context.record_timestamp())}}});
  }

  template <class Context>
  static void side_outputs(const value& payload, Context& context,
                           collector<value>& out) {
    out.emit(value{"IN:" + text_of(payload)});
    context.emit(output_tag<value>{"int-out"}, payload);
    context.emit(output_tag<value>{"long-out"}, payload);
  }

private:
  std::string name_;
  bool processing_;
};

inline constexpr std::array<std::string_view, 9> keyed_function_names{
  "emit_with_key", "query_time",   "timer_plus_5", "stateful_timer",
  "both_timers",   "side_outputs", "timer_5_or_6", "both_timers_two_inputs",
  "timer_commands"};

/// Those of streams that are not keyed, with one input or two.
class plain_function : public catalogue_base {
public:
  using catalogue_base::catalogue_base;

  void operator()(const value& record, process_context& context,
                  collector<value>& out) const {
    run(record, context, out);
  }
  void process_first(const value& record, process_context& context,
                     collector<value>& out) const {
    run(record, context, out);
  }
  void process_second(const value& record, process_context& context,
                      collector<value>& out) const {
    run(record, context, out);
  }

private:
  void run(const value& record, process_context& context,
           collector<value>& out) const {
    if (is("query_time"))
      query_time(record["value"], context, out);
    else if (is("side_outputs"))
      side_outputs(record["value"], context, out);
    else if (std::ranges::find(keyed_function_names, name())
             != keyed_function_names.end())
      // The context has neither: the program would not compile.
      throw refusal("a stream that is not keyed has no keys and no timers");
    else
      unknown();
  }
};

/// Those of keyed streams, with one input or two.
class keyed_function : public catalogue_base {
public:
  using catalogue_base::catalogue_base;

  void open(keyed_runtime_context<value>& context);

  void process(const value& record, keyed_context<value>& context,
               collector<value>& out) {
    run(record["value"], 1, context, out);
  }
  void process_first(const value& record, keyed_context<value>& context,
                     collector<value>& out) {
    run(record["value"], 1, context, out);
  }
  void process_second(const value& record, keyed_context<value>& context,
                      collector<value>& out) {
    run(record["value"], 2, context, out);
  }
  void on_timer(timestamp at, timer_context<value>& context,
                collector<value>& out);

  /// A named state of the function; asked for between records.
  static constexpr const char* state_name = "state";

private:
  void run(const value& payload, int input, keyed_context<value>& context,
           collector<value>& out);
  void register_timer(timestamp at, keyed_context<value>& context) const;
  void delete_timer(timestamp at, keyed_context<value>& context) const;
  void stateful_timer(const value& payload, int input,
                      keyed_context<value>& context, collector<value>& out);
  void both_timers(int input, keyed_context<value>& context) const;
  void obey(const value& commands, keyed_context<value>& context);

  value_state<value> state_;
  map_state<std::string, value> on_timer_; // commands by domain and time
};

} // namespace flow::harness
