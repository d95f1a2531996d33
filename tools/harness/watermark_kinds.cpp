#include <algorithm>
#include <utility>

#include "libflow/functions/watermark_strategy.hpp"
#include "libflow/testing/harness_of.hpp"
#include "libflow/time/watermark_valve.hpp"
#include "tools/harness/kind_entries.hpp"
#include "tools/harness/operator_subject.hpp"

namespace flow::harness {

namespace {

void put_out(const valve_output& combined, std::vector<item>& out) {
  if (combined.status == stream_status::active)
    out.push_back(
      {item::kind::status, {}, min_timestamp, stream_status::active, false});
  if (combined.watermark)
    out.push_back({item::kind::watermark, {}, *combined.watermark, {}, false});
  if (combined.status == stream_status::idle)
    out.push_back(
      {item::kind::status, {}, min_timestamp, stream_status::idle, false});
}

/// The valve of an operator with several channels; elements pass through.
class valve_subject final : public subject {
public:
  explicit valve_subject(std::size_t channels) : valve_(channels) {}

  void push(std::span<const element> elements, testing::channel_id) override {
    for (const element& one : elements)
      out_.push_back({item::kind::record, one.payload, one.stamp, {}, false});
  }
  void watermark(timestamp mark, testing::channel_id at) override {
    put_out(valve_.watermark(checked(at), mark), out_);
  }
  void status(stream_status status, testing::channel_id at) override {
    put_out(valve_.status(checked(at), status), out_);
  }
  void end_input(testing::channel_id at) override {
    put_out(valve_.finish(checked(at)), out_);
  }
  value call(const call_step& asked) override {
    call_step step = asked;
    step.resolve({"channel_watermark", "channel_aligned", "channel_status"});
    const auto channel = static_cast<std::size_t>(
      (step.has("channel") ? step.arg("channel") : step.arg("value", 0))
        .as_int());
    if (step.name() == "channel_watermark")
      return valve_.watermark_of(channel);
    if (step.name() == "channel_aligned")
      return valve_.aligned(channel);
    if (step.name() == "channel_status")
      return valve_.status_of(channel) == stream_status::idle ? "idle"
                                                              : "active";
    unknown(step.name());
  }
  std::vector<item> take() override { return std::exchange(out_, {}); }

private:
  [[nodiscard]] std::size_t checked(testing::channel_id at) const {
    if (at.channel >= valve_.channel_count())
      throw refusal("there is no channel " + std::to_string(at.channel));
    return at.channel;
  }

  watermark_valve valve_;
  std::vector<item> out_;
};

std::unique_ptr<subject> make_valve(const value& description,
                                    const placement&) {
  return std::make_unique<valve_subject>(
    static_cast<std::size_t>(description["channels"].as_int()));
}

/// Emits the time of the last record less one: not by itself rising.
struct last_minus_one {
  void on_event(const value&, timestamp stamp) { last = stamp; }
  std::optional<timestamp> on_periodic() {
    return last == min_timestamp ? std::nullopt
                                 : std::optional{saturating_add(last, -1)};
  }
  timestamp last = min_timestamp;
};

/// Emits the time of a record that is marked, at once.
struct punctuated {
  std::optional<timestamp> on_event(const value& record, timestamp stamp) {
    const value& mark = record["value"]["mark"];
    return !mark.is_null() && mark.as_bool() ? std::optional{stamp}
                                             : std::nullopt;
  }
  std::optional<timestamp> on_periodic() { return std::nullopt; }
};

class generator_subject final : public operator_subject {
public:
  generator_subject(operator_plan plan, const placement& where)
    : operator_subject(plan, where),
      interval_(
        std::max<timestamp>(plan.options.watermark_interval.count(), 1)) {}

  /// Not taken anew in the middle of a case: its probes go by the clock, which
  /// would pass them again.
  [[nodiscard]] bool has_state() const override { return false; }

  /// Its probes come at the multiples of the interval, as the clock passes
  /// them; of very many the first ones, for nothing comes in between.
  void processing_time(timestamp now) override {
    constexpr int most_probes = 100'000;
    timestamp probe = (now_ / interval_ + 1) * interval_;
    for (int i = 0; probe <= now && i < most_probes; ++i, probe += interval_)
      operator_subject::processing_time(probe);
    operator_subject::processing_time(now);
    now_ = now;
  }

private:
  timestamp interval_;
  timestamp now_ = 0;
};

template <class Extract>
expected<testing::operator_harness<value>::maker>
make_strategy(const value& description, Extract extract) {
  const std::string& given = description["generator"].is_text()
                               ? description["generator"].as_text()
                               : description["generator"]["type"].as_text();
  // Without progress there is only the last watermark, as of any generator.
  const bool progress = description["mode"] != value{"batch"};
  const std::string name = progress ? given : "none";
  auto add = [&](const auto& strategy) {
    const value& idle = description["idle_timeout_ms"];
    return testing::operator_of<value>([&](auto in) {
      return in.assign_timestamps_and_watermarks(
        idle.is_null() ? strategy
                       : strategy.with_idleness(duration_ms{idle.as_int()}));
    });
  };
  const value& bound = description["bound_ms"].is_null()
                         ? description["generator"]["bound_ms"]
                         : description["bound_ms"];
  if (name == "bounded")
    return add(bounded_out_of_orderness(
      duration_ms{bound.is_null() ? 0 : bound.as_int()}, extract));
  if (name == "ascending" || name == "monotonous")
    return add(monotonous_timestamps(extract));
  if (name == "none")
    return add(timestamps_without_watermarks(extract));
  if (name == "last_minus_one")
    return add(custom_watermarks_of(extract, last_minus_one{}));
  if (name == "punctuated")
    return add(custom_watermarks_of(extract, punctuated{}));
  throw unknown_feature("the generator \"" + name + "\" is not known");
}

/// A record carries its timestamp in itself.
struct stamp_in_value {
  std::string where;

  timestamp operator()(const value& record) const {
    const value& payload = record["value"];
    if (where == "value.ts" || payload.is_map())
      return payload["ts"].as_int();
    return payload.as_int();
  }
};

std::unique_ptr<subject> make_generator(const value& description,
                                        const placement& where) {
  const std::string timestamps = description["timestamps"].is_null()
                                   ? "value"
                                   : description["timestamps"].as_text();
  auto make = timestamps == "input"
                ? make_strategy(description, keep_timestamps{})
                : make_strategy(description, stamp_in_value{timestamps});
  operator_plan plan = plan_of(*make);
  plan.options.watermark_interval = duration_ms{
    description["interval_ms"].is_null() ? 200
                                         : description["interval_ms"].as_int()};
  plan.passes_on = true;
  return std::make_unique<generator_subject>(std::move(plan), where);
}

} // namespace

std::vector<operator_kind_entry> watermark_kinds() {
  return {{"watermark_valve", make_valve},
          {"watermark_generator", make_generator}};
}

} // namespace flow::harness
