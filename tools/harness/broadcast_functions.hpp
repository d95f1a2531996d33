#pragma once

#include <array>
#include <map>
#include <string>
#include <utility>

#include "tools/harness/process_functions.hpp"

namespace flow::harness {

/// Functions of the catalogue with a broadcast side; `Keyed`: the other side
/// is keyed, and has timers.
template <bool Keyed>
class broadcast_function : public catalogue_base {
  using map_type = broadcast_map<std::string, value>;
  using entries_type = std::map<std::string, value>;
  using runtime =
    std::conditional_t<Keyed, keyed_broadcast_runtime_context<value>,
                       broadcast_runtime_context>;
  using record_context =
    std::conditional_t<Keyed, keyed_context<value>, process_context>;
  using side_context =
    std::conditional_t<Keyed, keyed_broadcast_context<value>, process_context>;

public:
  using catalogue_base::catalogue_base;

  void open(runtime& context) {
    first_ =
      context.broadcast(broadcast_state_descriptor<std::string, value>{"a"});
    second_ =
      context.broadcast(broadcast_state_descriptor<std::string, value>{"b"});
    if constexpr (Keyed)
      list_ = context.state(list_state_descriptor<value>{"list", {}, 0});
  }

  void process(const value& record, record_context& context,
               collector<value>& out) {
    const value& payload = record["value"];
    if (is("broadcast_put_three_dump")) {
      for (const auto& [entry, held] : first_.entries())
        out.emit(value{value::map{{"entry", entry}, {"value", held}}});
    } else if (is("broadcast_put_dump")) {
      out.emit(value{value::map{{"value", payload}, {"entries", entries()}}});
    } else if (is("two_broadcast_states")) {
      dump("a", first_, payload, out);
      dump("b", second_, payload, out);
    } else if (is("broadcast_side_outputs")) {
      context.emit(output_tag<value>{"non-br-out"}, seen(payload, context));
    } else if (is("broadcast_query_and_timer_41")) {
      out.emit(value{seen(payload, context, "keyed")});
      add_timer(context);
    } else if (is("broadcast_map_timer_41")) {
      out.emit(value{value::map{{"entries", entries()}}});
      add_timer(context);
    } else if (is("keyed_list_then_broadcast_dump")) {
      append(payload);
    } else if (is("write_broadcast_from_keyed_side")) {
      first_.put("key", payload);
    } else if (!is("keyed_state_from_broadcast_side")
               && !is("timer_from_broadcast_side")) {
      unknown();
    }
  }

  void process_broadcast(const value& record, side_context& context,
                         collector<value>& out) {
    const value& payload = record["value"];
    if (is("broadcast_put_three_dump")) {
      for (const char* entry : {"test1", "test2", "test3"})
        first_.put(entry, payload);
    } else if (is("broadcast_put_dump")) {
      put_or_erase(payload);
    } else if (is("two_broadcast_states")) {
      first_.put("key." + text_of(payload), payload);
      second_.put(text_of(payload), value{"value." + text_of(payload)});
    } else if (is("broadcast_side_outputs")) {
      context.emit(output_tag<value>{"br-out"}, seen(payload, context));
    } else if (is("broadcast_query_and_timer_41")) {
      out.emit(value{seen(payload, context, "broadcast")});
    } else if (is("broadcast_map_timer_41")) {
      first_.put(text_of(payload) + ".key", payload);
    } else if (is("keyed_list_then_broadcast_dump")) {
      dump_lists(context, out);
    } else if (is("keyed_state_from_broadcast_side")) {
      append(payload);
    } else if (is("timer_from_broadcast_side")) {
      // Its context has no timers to register: the program would not compile.
      throw refusal("the broadcast side has no timers");
    } else if (!is("write_broadcast_from_keyed_side")) {
      unknown();
    }
  }

  void on_timer(timestamp at, timer_context<value>& context,
                collector<value>& out) {
    value::map fired{{"timer", at}, {"key", context.key()}};
    if (is("broadcast_map_timer_41"))
      fired["entries"] = entries();
    out.emit(value{std::move(fired)});
  }

private:
  [[nodiscard]] value entries() const {
    return value::map{first_.entries().begin(), first_.entries().end()};
  }

  template <class Context>
  static value seen(const value& payload, const Context& context,
                    const char* side = nullptr) {
    value::map result{{"value", payload},
                      {"watermark", context.current_watermark()},
                      {"ts", time_or_null(context.record_timestamp())}};
    if (side != nullptr)
      result["side"] = side;
    return result;
  }

  static void dump(const char* state, const map_type& of, const value& payload,
                   collector<value>& out) {
    for (const auto& [entry, held] : of.entries())
      out.emit(value{value::map{
        {"value", payload}, {"state", state}, {"entry", entry}, {"is", held}}});
  }

  void put_or_erase(const value& pair) {
    const auto& parts = pair.as_list();
    if (parts.at(1).is_null())
      first_.erase(text_of(parts.at(0)));
    else
      first_.put(text_of(parts.at(0)), parts.at(1));
  }

  /// Of a keyed side; another has no timers.
  static void add_timer([[maybe_unused]] record_context& context) {
    if constexpr (Keyed)
      context.register_event_timer(41);
  }

  void append(const value& payload) {
    if constexpr (Keyed)
      list_.add(payload);
    else
      throw refusal("a stream that is not keyed has no state of a key");
  }

  void dump_lists(side_context& context, collector<value>& out) {
    if constexpr (Keyed)
      context.apply_to_keyed_state(
        list_, [&](const value& key, list_state<value>& list) {
          const auto held = list.get();
          out.emit(value{value::map{
            {"key", key}, {"values", value::list{held.begin(), held.end()}}}});
        });
    else
      throw refusal("a stream that is not keyed has no state of a key");
  }

  map_type first_;
  map_type second_;
  list_state<value> list_; // of keyed ones
};

inline constexpr std::array broadcast_function_names{
  "keyed_list_then_broadcast_dump",
  "broadcast_query_and_timer_41",
  "broadcast_side_outputs",
  "broadcast_map_timer_41",
  "broadcast_put_three_dump",
  "broadcast_put_dump",
  "two_broadcast_states",
  "write_broadcast_from_keyed_side",
  "keyed_state_from_broadcast_side",
  "timer_from_broadcast_side"};

} // namespace flow::harness
