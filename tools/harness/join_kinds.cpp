#include <algorithm>
#include <utility>

#include "libflow/api/window_joins.hpp"
#include "libflow/testing/harness_of.hpp"
#include "tools/harness/assigners.hpp"
#include "tools/harness/kind_entries.hpp"
#include "tools/harness/operator_subject.hpp"

namespace flow::harness {

namespace {

using either = either_record<value, value, value>;

/// The windows of a case over records of two streams.
template <bool Merging>
class assigner_of_both {
public:
  using window = time_window;
  static constexpr bool merges = Merging;

  explicit assigner_of_both(case_assigner inner) : inner_(std::move(inner)) {}

  [[nodiscard]] time_domain domain() const { return inner_.domain(); }
  template <class Take>
  void assign(const either& record, timestamp at, Take&& take) {
    inner_.assign(record.first ? *record.first : *record.second, at, take);
  }
  template <class Merged>
  void merge(std::vector<time_window> all, Merged&& merged) const {
    inner_.merge(std::move(all), merged);
  }

private:
  case_assigner inner_;
};

value payloads(std::span<const value> records) {
  value::list result;
  for (const value& each : records)
    result.push_back(each["value"]);
  return result;
}

using maker = testing::operator_harness<value>::maker;

template <class Windows>
maker make_over(bool grouped, Windows windows) {
  auto make = testing::operator_of<value, value>([&](auto a, auto b) {
    const auto both =
      a.key_by(by_key{}).window_with(b.key_by(by_key{}), windows);
    if (grouped)
      return both.template co_group<value>(
        [](const window_context<value>& context, std::span<const value> first,
           std::span<const value> second, collector<value>& out) {
          out.emit(value{value::map{{"key", context.key()},
                                    {"first", payloads(first)},
                                    {"second", payloads(second)}}});
        });
    return both.join([](const value& x, const value& y) {
      return value{value::map{{"left", x["value"]}, {"right", y["value"]}}};
    });
  });
  if (!make)
    throw refusal(make.error().text);
  return *make;
}

maker make_for(const value& description, bool grouped) {
  const case_assigner windows{description["assigner"]};
  if (windows.is_merging())
    return make_over(grouped, assigner_of_both<true>{windows});
  return make_over(grouped, assigner_of_both<false>{windows});
}

/// The windows behind the union of two streams: what comes on an input comes on
/// a channel of it.
class join_subject final : public subject {
public:
  join_subject(const value& description, bool grouped, const placement& where)
    : harness_(make_for(description, grouped), options_at(where)) {
    check(harness_.opened());
  }

  void push(std::span<const element> elements,
            testing::channel_id at) override {
    for (const element& one : elements) {
      const value record = record_of(one.key, one.payload);
      either both{one.key, {}, {}};
      (at.input == 0 ? both.first : both.second) = record;
      check(harness_.push(std::move(both), one.stamp));
    }
  }
  void watermark(timestamp mark, testing::channel_id at) override {
    check(harness_.watermark(mark, {0, at.input}));
  }
  void status(stream_status status, testing::channel_id at) override {
    check(harness_.status(status, {0, at.input}));
  }
  void processing_time(timestamp now) override {
    check(harness_.set_processing_time(now));
  }
  void end_input(testing::channel_id at) override {
    check(harness_.end_input({0, at.input}));
  }
  std::vector<item> take() override {
    std::vector<item> result;
    for (const auto& one : harness_.take()) {
      if (const auto* record = std::get_if<testing::emitted<value>>(&one))
        result.push_back(
          {item::kind::record, record->value, record->stamp, {}, false});
      else if (const auto* mark = std::get_if<testing::emitted_watermark>(&one))
        result.push_back({item::kind::watermark, {}, mark->mark, {}, false});
      else
        result.push_back({item::kind::status,
                          {},
                          min_timestamp,
                          std::get<stream_status>(one),
                          false});
    }
    return result;
  }

  [[nodiscard]] bool has_state() const override { return true; }
  operator_snapshot snapshot() override {
    auto taken = harness_.snapshot();
    if (!taken)
      throw refusal(taken.error().text);
    return std::move(*taken);
  }
  void restore(std::span<const operator_snapshot> parts,
               const std::function<void(subject&)>& first) override {
    check(harness_.restore(parts, [&] {
      if (first)
        first(*this);
    }));
  }
  [[nodiscard]] bool counts_drops() const override { return true; }
  [[nodiscard]] std::uint64_t dropped() override {
    return harness_.counts().late_dropped;
  }
  [[nodiscard]] timer_numbers timers() override {
    const auto counts = harness_.op().timers();
    return {counts.event, counts.processing};
  }

private:
  static testing::harness_options options_at(const placement& where) {
    testing::harness_options options;
    options.channels = {2};
    options.subtask_index = where.index;
    options.parallelism = where.parallelism;
    options.max_parallelism = where.max_parallelism;
    return options;
  }
  static void check(const expected<void>& done) {
    if (!done)
      throw refusal(done.error().text);
  }

  testing::operator_harness<value> harness_;
};

} // namespace

std::vector<operator_kind_entry> join_kinds() {
  return {
    {"window_join",
     [](const value& description, const placement& where) {
       return std::make_unique<join_subject>(description, false, where);
     }},
    {"window_co_group", [](const value& description, const placement& where) {
       return std::make_unique<join_subject>(description, true, where);
     }}};
}

} // namespace flow::harness
