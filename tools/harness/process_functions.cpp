#include "tools/harness/process_functions.hpp"

namespace flow::harness {

namespace {

std::string domain_name(time_domain domain) {
  return domain == time_domain::event ? "event" : "processing";
}

/// A time from now, also where there is no now yet.
timestamp after(timestamp now, std::int64_t ms) {
  return saturating_add(now, ms);
}

} // namespace

void keyed_function::open(keyed_runtime_context<value>& context) {
  state_ = context.state(value_state_descriptor<value>{state_name, {}, {}, 0});
  on_timer_ =
    context.state(map_state_descriptor<std::string, value>{"on-timer", {}, 0});
}

void keyed_function::register_timer(timestamp at,
                                    keyed_context<value>& context) const {
  if (in_processing_time())
    context.register_processing_timer(at);
  else
    context.register_event_timer(at);
}

void keyed_function::delete_timer(timestamp at,
                                  keyed_context<value>& context) const {
  if (in_processing_time())
    context.delete_processing_timer(at);
  else
    context.delete_event_timer(at);
}

void keyed_function::run(const value& payload, int input,
                         keyed_context<value>& context, collector<value>& out) {
  if (is("emit_with_key")) {
    out.emit(value{value::map{{"key", context.key()}, {"value", payload}}});
  } else if (is("query_time")) {
    query_time(payload, context, out);
  } else if (is("timer_plus_5")) {
    out.emit(value{value::map{{"value", payload}}});
    register_timer(after(now(context), 5), context);
  } else if (is("stateful_timer")) {
    stateful_timer(payload, input, context, out);
  } else if (is("both_timers") || is("both_timers_two_inputs")) {
    both_timers(is("both_timers") ? 0 : input, context);
  } else if (is("timer_5_or_6")) {
    out.emit(value{value::map{{"input", input}, {"value", payload}}});
    register_timer(input == 1 ? 5 : 6, context);
  } else if (is("side_outputs")) {
    side_outputs(payload, context, out);
  } else if (is("timer_commands")) {
    obey(payload, context);
  } else {
    unknown();
  }
}

void keyed_function::stateful_timer(const value& payload, int input,
                                    keyed_context<value>& context,
                                    collector<value>& out) {
  if (state_.has_value()) {
    state_.clear();
    delete_timer(after(now(context), 4), context);
    return;
  }
  out.emit(value{value::map{{"input", input}, {"value", payload}}});
  state_.set(payload);
  register_timer(after(now(context), 5), context);
}

/// @param input  0: the function of one input
void keyed_function::both_timers(int input,
                                 keyed_context<value>& context) const {
  if (input == 0) {
    context.register_processing_timer(3);
    context.register_processing_timer(5);
    context.register_event_timer(4);
    context.register_event_timer(6);
    context.delete_processing_timer(3);
    context.delete_event_timer(4);
  } else if (input == 1) {
    context.register_processing_timer(3);
    context.register_event_timer(6);
    context.delete_processing_timer(3);
  } else {
    context.register_event_timer(4);
    context.register_processing_timer(5);
    context.delete_event_timer(4);
  }
}

void keyed_function::obey(const value& commands,
                          keyed_context<value>& context) {
  for (const value& command : commands.as_list()) {
    const auto& parts = command.as_list();
    const std::string& what = parts.at(0).as_text();
    const timestamp at = parts.at(1).as_int();
    if (what == "event")
      context.register_event_timer(at);
    else if (what == "processing")
      context.register_processing_timer(at);
    else if (what == "delete_event")
      context.delete_event_timer(at);
    else if (what == "delete_processing")
      context.delete_processing_timer(at);
    else if (what == "on_event" || what == "on_processing")
      on_timer_.put(what.substr(3) + std::to_string(at), parts.at(2));
    else
      throw unknown_feature("the command \"" + what + "\" is not known");
  }
}

void keyed_function::on_timer(timestamp at, timer_context<value>& context,
                              collector<value>& out) {
  if (is("timer_plus_5")) {
    out.emit(value{value::map{{"timer", 1777}, {"key", context.key()}}});
  } else if (is("stateful_timer")) {
    out.emit(
      value{value::map{{"state", state_.value()}, {"key", context.key()}}});
  } else if (is("timer_commands")) {
    value::map fired{{"key", context.key()},
                     {"domain", domain_name(context.domain())},
                     {"time", at}};
    if (context.domain() == time_domain::event)
      fired["watermark"] = context.current_watermark();
    out.emit(value{std::move(fired)});
    const std::string id = domain_name(context.domain()) + std::to_string(at);
    const value* found = on_timer_.find(id);
    if (found == nullptr)
      return;
    const value commands = *found;
    on_timer_.erase(id); // once: they may register this very timer again
    obey(commands, context);
  } else {
    out.emit(value{value::map{{"timer", domain_name(context.domain())},
                              {"key", context.key()}}});
  }
}

} // namespace flow::harness
