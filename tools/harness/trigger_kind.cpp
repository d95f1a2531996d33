#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "tools/harness/kind_entries.hpp"
#include "tools/harness/triggers.hpp"

namespace flow::harness {

namespace {

value name_of(trigger_result result) {
  switch (result) {
  case trigger_result::proceed:
    return "continue";
  case trigger_result::fire:
    return "fire";
  case trigger_result::purge:
    return "purge";
  case trigger_result::fire_and_purge:
    return "fire_and_purge";
  }
  return {};
}

/// The timers of one kind of time, in the order of registering.
class timer_list {
public:
  void add(timestamp at, const value& window) {
    if (std::ranges::find(timers_, timer{at, window}) == timers_.end())
      timers_.push_back({at, window});
  }
  void remove(timestamp at, const value& window) {
    std::erase(timers_, timer{at, window});
  }

  /// Takes those up to a time away, in the order of time.
  [[nodiscard]] std::vector<std::pair<timestamp, value>>
  take_due(timestamp upto) {
    std::vector<timer> due;
    std::erase_if(timers_, [&](const timer& each) {
      if (each.first > upto)
        return false;
      due.push_back(each);
      return true;
    });
    std::ranges::stable_sort(due, {}, &timer::first);
    return due;
  }

  /// @param window  null: of all windows
  [[nodiscard]] value count(const value& window) const {
    return std::ranges::count_if(timers_, [&](const timer& each) {
      return window.is_null() || each.second == window;
    });
  }

private:
  using timer = std::pair<timestamp, value>;
  std::vector<timer> timers_;
};

/// A trigger by itself: the windows of one key, named as the case names them.
class trigger_subject final : public subject {
public:
  explicit trigger_subject(const value& of)
    : trigger_(of["trigger"].is_null() ? of : of["trigger"],
               of["time"] == value{"processing"} ? time_domain::processing
                                                 : time_domain::event,
               of["global"] == value{true}) {}

  value call(const call_step& asked) override {
    call_step step = asked;
    step.resolve({"element", "watermark", "processing_time", "merge", "clear",
                  "state_entries", "event_timers", "processing_timers"});
    const std::string& name = step.name();
    if (name == "element")
      return element_in(step);
    if (name == "watermark" || name == "processing_time")
      return advance(name == "watermark", time_of(step));
    if (name == "merge")
      return merge(step);
    if (name == "clear")
      return clear(window_in(step));
    if (name == "state_entries")
      return state_entries(window_in(step));
    if (name == "event_timers")
      return event_.count(window_in(step));
    if (name == "processing_timers")
      return processing_.count(window_in(step));
    unknown(name);
  }

private:
  /// What the trigger may do for a window.
  class context final : public trigger_context {
  public:
    context(trigger_subject& owner, const value& window)
      : owner_(&owner), window_(window) {
      watermark_ = owner.watermark_;
      now_ = owner.now_;
    }
    void register_event_timer(timestamp at) override {
      owner_->event_.add(at, window_);
    }
    void delete_event_timer(timestamp at) override {
      owner_->event_.remove(at, window_);
    }
    void register_processing_timer(timestamp at) override {
      owner_->processing_.add(at, window_);
    }
    void delete_processing_timer(timestamp at) override {
      owner_->processing_.remove(at, window_);
    }

  private:
    trigger_subject* owner_;
    value window_;
  };

  /// [start, end], or whatever names the global window.
  static value normal(const value& window) {
    if (window.find("start") == nullptr)
      return window;
    return value::list{window["start"], window["end"]};
  }
  static value window_in(const call_step& step) {
    return normal(step.window());
  }
  static window_end end_of(const value& window) {
    if (!window.is_list())
      return {max_timestamp};
    return {saturating_add(window.as_list().at(1).as_int(), -1)};
  }
  static timestamp time_of(const call_step& step) {
    for (const char* name :
         {"at", "time", "value", "watermark", "processing_time"})
      if (step.has(name, 0))
        return step.arg(name, 0).as_int();
    throw unknown_feature("the time of a call is not given");
  }

  value element_in(const call_step& step) {
    const value window = window_in(step);
    const bool bare = &step.window() == &step.all();
    const value stamp = bare ? step.all()["ts"] : step.arg("ts", 1);
    const value record =
      value::map{{"key", step.arg("key", 3)}, {"value", step.arg("value", 2)}};
    context timers{*this, window};
    return name_of(trigger_.on_element(
      record, stamp.is_null() ? min_timestamp : stamp.as_int(), end_of(window),
      states_[window], timers));
  }

  value advance(bool event, timestamp to) {
    (event ? watermark_ : now_) = to;
    value::list results;
    for (const auto& [at, window] :
         (event ? event_ : processing_).take_due(to)) {
      context timers{*this, window};
      auto& kept = states_[window];
      const auto result =
        event ? trigger_.on_event_time(at, end_of(window), kept, timers)
              : trigger_.on_processing_time(at, end_of(window), kept, timers);
      results.push_back(value::list{window, name_of(result)});
    }
    return results;
  }

  value merge(const call_step& step) {
    if (!trigger_.merges())
      throw refusal("this trigger cannot merge");
    const value to = normal(step.arg("to", 1));
    const value& given = step.arg("from", 0);
    std::vector<value> from;
    if (given.is_map() || given.as_list().at(0).is_int())
      from.push_back(normal(given));
    else
      for (const value& each : given.as_list())
        from.push_back(normal(each));
    case_trigger_state joined = states_[to];
    for (const value& each : from)
      if (each != to)
        trigger_.merge_state(joined, states_[each]);
    context timers{*this, to};
    trigger_.on_merge(end_of(to), joined, timers);
    for (const value& each : from)
      if (each != to)
        clear(each);
    states_[to] = joined;
    return {};
  }

  value clear(const value& window) {
    context timers{*this, window};
    trigger_.clear(end_of(window), states_[window], timers);
    states_.erase(window);
    return {};
  }

  /// @param of  null: of all windows
  [[nodiscard]] value state_entries(const value& of) const {
    std::size_t sum = 0;
    for (const auto& [window, kept] : states_)
      sum += of.is_null() || window == of ? trigger_.state_entries(kept) : 0;
    return sum;
  }

  case_trigger trigger_;
  std::map<value, case_trigger_state> states_; // by window
  timer_list event_;
  timer_list processing_;
  timestamp watermark_ = min_timestamp;
  timestamp now_ = 0;
};

} // namespace

std::vector<operator_kind_entry> trigger_kinds() {
  return {{"trigger", [](const value& described, const placement&) {
             return std::make_unique<trigger_subject>(described);
           }}};
}

} // namespace flow::harness
