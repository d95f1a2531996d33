#include "tools/harness/runner.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "tools/harness/compare.hpp"
#include "tools/harness/group.hpp"

namespace flow::harness {

namespace {

/// An output or a result is not what the step says.
struct mismatch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string action_of(const value& step) {
  constexpr std::array actions{"element",
                               "watermark",
                               "status",
                               "processing_time",
                               "end_input",
                               "snapshot",
                               "restore",
                               "scale",
                               "open",
                               "call",
                               "expect",
                               "expect_one_of",
                               "expect_side",
                               "expect_timers",
                               "expect_dropped",
                               "expect_state",
                               "expect_window_contents"};
  for (const char* action : actions)
    if (step.find(action) != nullptr)
      return action;
  throw unknown_feature("no action that is known in " + step.dump());
}

bool is_expect(const std::string& action) {
  return action.starts_with("expect");
}

bool flag(const value& step, std::string_view name) {
  return !step[name].is_null() && step[name].as_bool();
}

timestamp stamp_of(const value& stamp) {
  return stamp.is_null() ? min_timestamp : stamp.as_int();
}

/// Runs the steps of a case.
class case_run {
public:
  case_run(const test_case& which, rerun how)
    : case_(&which), how_(how),
      group_(std::make_unique<subject_group>(which.description)) {}

  void run() {
    for (; at_ < case_->steps.size(); ++at_)
      take_step(case_->steps[at_]);
    flush();
  }

  /// Counted from 1.
  [[nodiscard]] std::size_t step_number() const noexcept {
    return std::min(at_ + 1, case_->steps.size());
  }

private:
  void take_step(const value& step) {
    if (flag(step, "error")) {
      refuse(step);
      return;
    }
    try {
      perform(step, true);
      done_.push_back(at_);
    } catch (const unobservable&) {
      if (!flag(step, "optional"))
        throw;
    }
  }

  /// The step must be refused; what follows starts anew behind the steps
  /// before it.
  void refuse(const value& step) {
    flush();
    bool refused = false;
    try {
      perform(step, true);
      flush();
    } catch (const refusal&) {
      refused = true;
    }
    if (!refused)
      throw mismatch("expected a refusal of " + step.dump() + " got none");
    batch_.clear();
    snapshots_.clear();
    mark_ = min_timestamp;
    group_ = std::make_unique<subject_group>(case_->description);
    for (const std::size_t index : done_)
      perform(case_->steps[index], false);
  }

  /// @param checks  whether what came out has to be what the step expects
  void perform(const value& step, bool checks) {
    const std::string action = action_of(step);
    if (action != "element")
      flush();
    if (is_expect(action)) {
      look(action, step, checks);
      return;
    }
    if (how_ == rerun::restore && checks && group_->has_state())
      group_->restart_in_place();
    act(action, step, checks);
  }

  void act(const std::string& action, const value& step, bool checks) {
    const value& what = step[action];
    if (action == "restore") {
      const auto& from = snapshots_.at(what.as_text());
      group_->replace(from.size(), &from);
      mark_ = min_timestamp;
      return;
    }
    if (action == "scale") {
      scale(what);
      return;
    }
    group_->start();
    if (action == "element")
      push(step);
    else if (action == "watermark")
      group_->watermark(what.as_int(), channel_of(step), instance_of(step));
    else if (action == "status")
      group_->status(status_of(what), channel_of(step), instance_of(step));
    else if (action == "processing_time")
      group_->processing_time(what.as_int());
    else if (action == "end_input")
      group_->end_input(channel_of(step), instance_of(step));
    else if (action == "snapshot")
      snapshots_[what.as_text()] = group_->snapshot();
    else if (action == "call")
      call(step, checks);
  }

  void push(const value& step) {
    const value& what = step["element"];
    const element one{what["key"], what["value"], stamp_of(what["ts"])};
    if (how_ != rerun::batches) {
      group_->push({one}, channel_of(step), instance_of(step));
      return;
    }
    const auto at = channel_of(step);
    const auto only = instance_of(step);
    if (!batch_.empty()
        && (at.input != batch_at_.input || at.channel != batch_at_.channel
            || only != batch_only_))
      flush();
    batch_at_ = at;
    batch_only_ = only;
    batch_.push_back(one);
  }

  void flush() {
    if (!batch_.empty())
      group_->push(std::exchange(batch_, {}), batch_at_, batch_only_);
  }

  void scale(const value& what) {
    const auto parallelism =
      static_cast<std::size_t>(what["parallelism"].as_int());
    if (what["from"].is_null()) {
      group_->replace(parallelism, nullptr);
    } else {
      const auto& from = snapshots_.at(what["from"].as_text());
      group_->replace(parallelism, &from);
    }
    mark_ = min_timestamp;
  }

  void call(const value& step, bool checks) {
    call_step asked{step["call"]};
    asked.add("channel", step["channel"]);
    asked.add("input", step["input"]);
    const value result = group_->call(asked, instance_of(step));
    const value* returns = step.find("returns");
    if (checks && returns != nullptr && !matches(*returns, result))
      throw mismatch("expected " + returns->dump() + " got " + result.dump());
  }

  void look(const std::string& action, const value& step, bool checks) {
    group_->start();
    if (action == "expect" || action == "expect_one_of")
      look_at_output(action, step, checks);
    else if (action == "expect_side")
      look_at_side(step, checks);
    else if (checks)
      look_inside(action, step);
  }

  void look_at_output(const std::string& action, const value& step,
                      bool checks) {
    auto items = group_->take(instance_of(step));
    if (!checks)
      return;
    if (flag(step, "no_late_records"))
      check_no_late(items);
    if (flag(step, "records_only"))
      std::erase_if(
        items, [](const item& one) { return one.what != item::kind::record; });
    const auto order = order_of(step, output_order::between_watermarks);
    if (action == "expect") {
      if (auto why = difference(step["expect"].as_list(), items, order))
        throw mismatch(*why);
      return;
    }
    for (const value& one : step["expect_one_of"].as_list())
      if (!difference(one.as_list(), items, order))
        return;
    throw mismatch("expected one of " + step["expect_one_of"].dump() + " got "
                   + to_text(items));
  }

  void check_no_late(const std::vector<item>& items) {
    for (const item& one : items) {
      if (one.what == item::kind::watermark)
        mark_ = std::max(mark_, one.time);
      else if (one.what == item::kind::record && mark_ != min_timestamp
               && one.time <= mark_)
        throw mismatch("expected no late record got " + to_text(one)
                       + " behind the watermark " + value{mark_}.dump());
    }
  }

  void look_at_side(const value& step, bool checks) {
    const std::string tag =
      step["tag"].is_null() ? "late" : step["tag"].as_text();
    const auto items = group_->take_side(tag, instance_of(step));
    if (!checks)
      return;
    if (auto why = difference(step["expect_side"].as_list(), items,
                              order_of(step, output_order::any)))
      throw mismatch(*why);
  }

  void look_inside(const std::string& action, const value& step) {
    const value& what = step[action];
    if (action == "expect_timers") {
      const auto found = group_->timers(instance_of(step));
      check_number("event timers", what["event"], found.event);
      check_number("processing timers", what["processing"], found.processing);
    } else if (action == "expect_dropped") {
      check_number("dropped elements", what,
                   group_->dropped(instance_of(step)));
    } else if (action == "expect_window_contents") {
      const value::list found = group_->window_contents(
        {what["key"], stamp_of(what["start"]), stamp_of(what["end"])});
      if (!same_values(what["values"].as_list(), found))
        throw mismatch("expected " + what["values"].dump() + " got "
                       + value{found}.dump());
    } else {
      check_same(what["is"],
                 group_->state(what["state"].as_text(), what["key"]));
    }
  }

  static void check_number(const char* of, const value& wanted,
                           std::uint64_t found) {
    if (!wanted.is_null()
        && wanted.as_int() != static_cast<std::int64_t>(found))
      throw mismatch("expected " + wanted.dump() + " " + of + " got "
                     + std::to_string(found));
  }

  static void check_same(const value& wanted, const value& found) {
    if (!same_result(wanted, found))
      throw mismatch("expected " + wanted.dump() + " got " + found.dump());
  }

  static output_order order_of(const value& step, output_order otherwise) {
    return step["order"].is_null() ? otherwise
                                   : order_named(step["order"].as_text());
  }

  static testing::channel_id channel_of(const value& step) {
    testing::channel_id at;
    if (!step["input"].is_null())
      at.input = static_cast<std::size_t>(step["input"].as_int() - 1);
    if (!step["channel"].is_null())
      at.channel = static_cast<std::size_t>(step["channel"].as_int());
    return at;
  }

  static std::optional<std::size_t> instance_of(const value& step) {
    if (step["on_instance"].is_null())
      return std::nullopt;
    return static_cast<std::size_t>(step["on_instance"].as_int());
  }

  static stream_status status_of(const value& name) {
    return name.as_text() == "idle" ? stream_status::idle
                                    : stream_status::active;
  }

  const test_case* case_;
  rerun how_;
  std::unique_ptr<subject_group> group_;
  std::map<std::string, std::vector<operator_snapshot>> snapshots_;
  std::size_t at_ = 0;
  std::vector<std::size_t> done_;
  timestamp mark_ = min_timestamp; // for no_late_records

  std::vector<element> batch_;
  testing::channel_id batch_at_;
  std::optional<std::size_t> batch_only_;
};

/// Tags of cases that need what a driver may not have.
std::optional<std::string> excuse(const test_case& which) {
  for (const char* tag :
       {"optional", "hash_compat", "needs_backpressure_control", "unverified"})
    if (which.tagged(tag))
      return tag;
  return std::nullopt;
}

} // namespace

case_result run_case(const test_case& which, rerun how) {
  std::size_t step = 1;
  std::string why;
  try {
    case_run run{which, how};
    try {
      run.run();
      return {};
    } catch (...) {
      step = run.step_number();
      throw;
    }
  } catch (const unobservable& thrown) {
    return {verdict::skipped, std::string{"cannot be seen: "} + thrown.what()};
  } catch (const mismatch& thrown) {
    why = thrown.what();
  } catch (const std::exception& thrown) {
    why = std::string{"expected no error got "} + thrown.what();
  }
  if (const auto tag = excuse(which))
    return {verdict::skipped,
            *tag + ": step " + std::to_string(step) + ": " + why};
  return {verdict::failed, "step " + std::to_string(step) + ": " + why};
}

} // namespace flow::harness
