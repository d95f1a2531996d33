#include "tools/harness/triggers.hpp"

#include <utility>

namespace flow::harness {

namespace {

template <class Trigger>
class erased_trigger_of final : public erased_trigger {
  using state = typename Trigger::state;

public:
  explicit erased_trigger_of(Trigger trigger, bool can_merge)
    : trigger_(std::move(trigger)), can_merge_(can_merge) {}

  trigger_result on_element(const value& record, timestamp at,
                            const window_end& window, case_trigger_state& kept,
                            trigger_context& context) override {
    return with(kept, [&](state& own) {
      return trigger_.on_element(record, at, window, own, context);
    });
  }
  trigger_result on_event_time(timestamp at, const window_end& window,
                               case_trigger_state& kept,
                               trigger_context& context) override {
    return with(kept, [&](state& own) {
      return trigger_.on_event_time(at, window, own, context);
    });
  }
  trigger_result on_processing_time(timestamp at, const window_end& window,
                                    case_trigger_state& kept,
                                    trigger_context& context) override {
    return with(kept, [&](state& own) {
      return trigger_.on_processing_time(at, window, own, context);
    });
  }
  void merge_state(case_trigger_state& into,
                   const case_trigger_state& from) override {
    const state other = decoded(from);
    with(into, [&](state& own) { trigger_.merge_state(own, other); });
  }
  void on_merge(const window_end& window, case_trigger_state& kept,
                trigger_context& context) override {
    with(kept, [&](state& own) { trigger_.on_merge(window, own, context); });
  }
  void clear(const window_end& window, case_trigger_state& kept,
             trigger_context& context) override {
    with(kept, [&](state& own) { trigger_.clear(window, own, context); });
  }
  [[nodiscard]] bool can_merge() const override { return can_merge_; }
  [[nodiscard]] std::size_t
  state_entries(const case_trigger_state& kept) const override {
    if (kept.bytes.empty())
      return 0;
    if constexpr (requires(state own) { own.timeout; }) {
      const state own = decoded(kept);
      return (own.timeout ? 1U : 0U) + (own.inner.bytes.empty() ? 0U : 1U);
    } else {
      return 1;
    }
  }

private:
  static state decoded(const case_trigger_state& kept) {
    state own{};
    if constexpr (!std::is_same_v<state, no_trigger_state>) {
      byte_reader in{kept.bytes};
      if (!kept.bytes.empty() && !codec<state>::decode(in, own))
        throw refusal("the state of a trigger is damaged");
    }
    return own;
  }

  template <class Call>
  auto with(case_trigger_state& kept, Call&& call) {
    state own = decoded(kept);
    if constexpr (std::is_void_v<decltype(call(own))>) {
      call(own);
      store(own, kept);
    } else {
      const auto result = call(own);
      store(own, kept);
      return result;
    }
  }

  static void store(const state& own, case_trigger_state& kept) {
    kept.bytes.clear();
    if constexpr (!std::is_same_v<state, no_trigger_state>) {
      if (own == state{})
        return;
      byte_writer out{kept.bytes};
      codec<state>::encode(own, out);
    }
  }

  Trigger trigger_;
  bool can_merge_;
};

template <class Trigger>
std::shared_ptr<erased_trigger> erased(Trigger trigger,
                                       bool can_merge = Trigger::can_merge) {
  return std::make_shared<erased_trigger_of<Trigger>>(std::move(trigger),
                                                      can_merge);
}

/// A trigger of an author's: fires on everything.
struct eager_trigger : trigger_base {
  static constexpr bool can_merge = true;

  template <class T, class W>
  trigger_result on_element(const T&, timestamp, const W&, no_trigger_state&,
                            trigger_context&) {
    return trigger_result::fire;
  }
  template <class W>
  trigger_result on_event_time(timestamp, const W&, no_trigger_state&,
                               trigger_context&) {
    return trigger_result::fire;
  }
  template <class W>
  trigger_result on_processing_time(timestamp, const W&, no_trigger_state&,
                                    trigger_context&) {
    return trigger_result::fire;
  }
};

std::int64_t difference(const value& from, const value& to) {
  return to["value"].as_int() - from["value"].as_int();
}

bool flag_or(const value& description, const char* name, bool otherwise) {
  return description[name].is_null() ? otherwise : description[name].as_bool();
}

duration_ms above_zero(const value& description, const char* name) {
  const duration_ms found{description[name].as_int()};
  if (found.count() <= 0)
    throw refusal(std::string{name} + " is above 0");
  return found;
}

std::shared_ptr<erased_trigger> choose(const value& description,
                                       time_domain domain, bool global) {
  const std::string type = description.is_null() ? "default"
                           : description.is_text()
                             ? description.as_text()
                             : description["type"].as_text();
  const auto inner = [&] {
    return case_trigger{description["inner"], domain, global};
  };
  if (type == "default")
    return global ? erased(never_trigger{})
                  : erased(window_end_trigger{domain});
  if (type == "event_time")
    return erased(event_time_trigger());
  if (type == "processing_time")
    return erased(processing_time_trigger());
  if (type == "count") {
    if (description["n"].as_int() <= 0)
      throw refusal("a count trigger counts to 1 at least");
    return erased(count_trigger{description["n"].as_int()});
  }
  if (type == "continuous_event_time")
    return erased(
      continuous_event_time_trigger(above_zero(description, "interval_ms")));
  if (type == "continuous_processing_time")
    return erased(continuous_processing_time_trigger(
      above_zero(description, "interval_ms")));
  if (type == "purging") {
    const auto within = inner();
    return erased(purging_trigger<case_trigger>{within}, within.merges());
  }
  if (type == "delta")
    return erased(
      delta_trigger_of<value>(description["threshold"].as_int(), difference));
  if (type == "processing_timeout")
    return erased(processing_timeout_trigger<case_trigger>{
      inner(),
      above_zero(description, "timeout_ms"),
      {flag_or(description, "reset_on_element", true),
       flag_or(description, "clear_on_timeout", true)}});
  if (type == "end_of_stream")
    return erased(end_of_stream_trigger{});
  if (type == "never")
    return erased(never_trigger{});
  if (type == "custom" && description["name"] == value{"fire_on_everything"})
    return erased(eager_trigger{});
  throw unknown_feature("the trigger " + description.dump() + " is not known");
}

} // namespace

case_trigger::case_trigger(const value& description, time_domain domain,
                           bool global)
  : inner_(choose(description, domain, global)) {}

} // namespace flow::harness
