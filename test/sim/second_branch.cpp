#include "test/sim/second_branch.hpp"

#include <atomic>

#include "test/sim/more_branches.hpp"

namespace flow::sim {

namespace {

constexpr duration_ms window_length{1000};
constexpr duration_ms session_gap{300};
constexpr duration_ms pairs_before{250};
constexpr duration_ms pairs_after{100};
constexpr std::int64_t each_right = 3; // of the numbers are joined with all
constexpr std::int64_t bucket_length = 500;
constexpr std::int64_t rules = 5;
constexpr std::int64_t answer_factor = 7;
constexpr std::int64_t processing_row = -1; // its id

std::int64_t pair_id(std::int64_t left, std::int64_t right) {
  return left * 1'000 + right;
}

struct count_function {
  using accumulator = std::int64_t;
  void add(accumulator& acc, const numbered&) const { ++acc; }
  void merge(accumulator& into, const accumulator& from) const { into += from; }
  std::int64_t result(const accumulator& acc) const { return acc; }
};

template <class Windows>
data_stream<branch_row> count_windows(const data_stream<numbered>& numbers,
                                      Windows windows) {
  return numbers.key_by(&numbered::key)
    .window(windows)
    .template aggregate<branch_row>(
      count_function{}, [](const window_context<std::int64_t>& context,
                           std::int64_t count, collector<branch_row>& out) {
        out.emit({context.key(), context.window().start, count});
      });
}

data_stream<branch_row> join_close(const data_stream<numbered>& numbers) {
  const auto thirds = numbers.filter(
    [](const numbered& each) { return each.seq % each_right == 0; });
  return numbers.key_by(&numbered::key)
    .interval_join(thirds.key_by(&numbered::key))
    .between(-pairs_before, pairs_after)
    .process([](const numbered& left, const numbered& right) {
      return branch_row{left.key, pair_id(left.seq, right.seq), 0};
    });
}

/// Counts numbers per half second and key; a timer takes the count out.
class count_by_timers {
public:
  explicit count_by_timers(bool at_least_once)
    : at_least_once_(at_least_once) {}

  void open(keyed_runtime_context<std::int64_t>& context) {
    counts_ =
      context.state(map_state_descriptor<std::int64_t, std::int64_t>{"counts"});
    next_ = context.state(value_state_descriptor<std::int64_t>{
      "next", 0, state_ttl{std::chrono::hours{1}}});
    recent_ = context.state(
      value_state_descriptor<std::int64_t>{"recent", 0, state_ttl{short_life}});
    ticks_ = context.state(value_state_descriptor<bool>{"ticks"});
  }

  void process(const numbered& record, keyed_context<std::int64_t>& context,
               collector<branch_row>&) {
    const auto next = next_.value();
    if (at_least_once_ ? record.seq > next : record.seq != next)
      fatal("state that lives for an hour is " + std::to_string(next)
            + " when number " + std::to_string(record.seq) + " comes");
    next_.set(std::max(next, record.seq + 1));
    check_expiry(context.processing_time());
    const auto end = (time_of(record.seq) / bucket_length + 1) * bucket_length;
    counts_.update(end, [](std::int64_t& count) { ++count; });
    context.register_event_timer(end - 1);
    if (!ticks_.value()) {
      ticks_.set(true);
      context.register_processing_timer(context.processing_time()
                                        + short_life.count());
    }
  }

  void on_timer(timestamp time, timer_context<std::int64_t>& context,
                collector<branch_row>& out) {
    if (context.domain() == time_domain::processing) {
      out.emit({context.key(), processing_row, 1});
      return;
    }
    const auto* count = counts_.find(time + 1);
    if (count == nullptr)
      fatal("a timer at " + std::to_string(time) + " has nothing to count");
    out.emit({context.key(), time + 1, *count});
    counts_.erase(time + 1);
  }

private:
  static constexpr duration_ms short_life{30};

  void check_expiry(timestamp now) {
    const auto written = recent_.value();
    if (written != 0 && now >= written + short_life.count())
      fatal("state that has expired is seen");
    recent_.set(now);
  }

  bool at_least_once_;
  map_state<std::int64_t, std::int64_t> counts_;
  value_state<std::int64_t> next_;
  value_state<std::int64_t> recent_;
  value_state<bool> ticks_;
};

data_stream<branch_row> look_up_complete(stream_environment& env,
                                         const data_stream<numbered>& numbers,
                                         numbers_settings of_rules) {
  of_rules.keys = rules;
  of_rules.per_key = 1;
  auto source = env.from_source<numbered>(make_numbers(of_rules));
  source.uid("rules");
  return numbers.connect(source.broadcast())
    .wait_for(broadcast_input)
    .process<std::int64_t, std::int64_t>(
      [](const numbered& rule,
         broadcast_state<std::int64_t, std::int64_t>& map) {
        map.set(rule.key, rule.key * rule.key);
      },
      [](const numbered& record,
         const broadcast_state<std::int64_t, std::int64_t>& map,
         process_context&, collector<branch_row>& out) {
        const auto* found = map.find(record.seq % rules);
        out.emit({record.key, record.seq, found ? *found : -1});
      });
}

/// The newest rule that this subtask has seen, beside each number.
class note_rule {
public:
  void open(keyed_broadcast_runtime_context<std::int64_t>& context) {
    rules_ = context.broadcast(
      broadcast_state_descriptor<std::int64_t, std::int64_t>{"rules"});
  }
  void process(const numbered& record, keyed_context<std::int64_t>&,
               collector<branch_row>& out) {
    const auto* newest = rules_.find(0);
    out.emit({record.key, record.seq, newest ? *newest : -1});
  }
  void process_broadcast(const numbered& rule,
                         keyed_broadcast_context<std::int64_t>&,
                         collector<branch_row>&) {
    rules_.put(0, rule.seq);
  }

private:
  broadcast_map<std::int64_t, std::int64_t> rules_;
};

data_stream<branch_row> look_up_growing(stream_environment& env,
                                        const data_stream<numbered>& numbers,
                                        numbers_settings of_rules) {
  of_rules.keys = 1; // one reader gives them in order, the others nothing
  auto source = env.from_source<numbered>(make_numbers(of_rules));
  source.uid("rules");
  return numbers.key_by(&numbered::key)
    .connect(source.broadcast())
    .process<branch_row>(note_rule{});
}

/// Asks somebody who fails from time to time.
struct ask {
  std::shared_ptr<executor> answerer;
  std::shared_ptr<std::atomic<std::int64_t>> asked =
    std::make_shared<std::atomic<std::int64_t>>(0);

  void operator()(const numbered& record,
                  async_promise<branch_row> promise) const {
    const bool fails = ++*asked % 5 == 0;
    answerer->run([record, promise, fails] {
      if (fails)
        promise.fail("no answer");
      else
        promise.complete(
          branch_row{record.key, record.seq, record.seq * answer_factor});
    });
  }
};

} // namespace

data_stream<branch_row> add_branch(const branch_settings& settings,
                                   stream_environment& env,
                                   const data_stream<numbered>& numbers,
                                   std::shared_ptr<executor> answerer) {
  const async_options asking{.capacity = 6,
                             .timeout = {},
                             .attempts = 1'000,
                             .retry_delay = duration_ms{5}};
  switch (settings.what) {
  case branch::tumbling:
    return count_windows(numbers, tumbling_event_time{window_length});
  case branch::sessions:
    return count_windows(numbers, session_event_time{session_gap});
  case branch::interval_join:
    return join_close(numbers);
  case branch::timers:
    return numbers.key_by(&numbered::key)
      .process<branch_row>(count_by_timers{settings.at_least_once});
  case branch::waiting_rules:
    return look_up_complete(env, numbers, settings.numbers);
  case branch::growing_rules:
    return look_up_growing(env, numbers, settings.numbers);
  case branch::async_ordered:
    return numbers.async_ordered<branch_row>(ask{std::move(answerer)}, asking);
  case branch::async_unordered:
    return numbers.async_unordered<branch_row>(ask{std::move(answerer)},
                                               asking);
  case branch::count_windows:
    return sum_fives(numbers);
  case branch::operator_lists:
    return hold_back(numbers);
  }
  FLOW_ASSERT(false, "no such branch");
}

// -- what is expected ---------------------------------------------------------

namespace {

using rows_map = decltype(expected_rows::rows);

/// Rows that each count the numbers that have the same id.
template <class Id>
void count_by(std::int64_t key, std::int64_t per_key, Id id, rows_map& rows) {
  for (std::int64_t seq = 0; seq < per_key; ++seq) {
    auto& exact = rows[{key, id(seq)}].exact;
    exact = exact.value_or(0) + 1;
  }
}

template <class Value>
void one_each(std::int64_t key, std::int64_t per_key, Value value,
              rows_map& rows) {
  for (std::int64_t seq = 0; seq < per_key; ++seq)
    rows[{key, seq}] = {value(seq)};
}

void sums(std::int64_t key, std::int64_t per_key, rows_map& rows) {
  for (std::int64_t last = counted_together - 1; last < per_key;
       last += counted_together) {
    const std::int64_t first = last - counted_together + 1;
    rows[{key, last}] = {(first + last) * counted_together / 2};
  }
}

void pairs(std::int64_t key, std::int64_t per_key, rows_map& rows) {
  for (std::int64_t left = 0; left < per_key; ++left)
    for (std::int64_t right = 0; right < per_key; right += each_right) {
      const auto distance = time_of(right) - time_of(left);
      if (distance >= -pairs_before.count() && distance <= pairs_after.count())
        rows[{key, pair_id(left, right)}] = {0};
    }
}

std::int64_t window_of(std::int64_t seq) {
  return time_of(seq) / window_length.count() * window_length.count();
}
std::int64_t session_of(std::int64_t seq) {
  while (seq > 0 && time_of(seq) - time_of(seq - 1) <= session_gap.count())
    --seq;
  return time_of(seq);
}
std::int64_t bucket_of(std::int64_t seq) {
  return (time_of(seq) / bucket_length + 1) * bucket_length;
}

void add_rows(branch what, std::int64_t key, std::int64_t per_key,
              rows_map& rows) {
  switch (what) {
  case branch::tumbling:
    return count_by(key, per_key, window_of, rows);
  case branch::sessions:
    return count_by(key, per_key, session_of, rows);
  case branch::interval_join:
    return pairs(key, per_key, rows);
  case branch::timers:
    // Whether the clock gets there before the job ends is chance.
    rows[{key, processing_row}] = {1, false};
    return count_by(key, per_key, bucket_of, rows);
  case branch::waiting_rules:
    return one_each(
      key, per_key,
      [](std::int64_t seq) { return (seq % rules) * (seq % rules); }, rows);
  case branch::growing_rules:
    return one_each(
      key, per_key, [](std::int64_t) { return std::optional<std::int64_t>{}; },
      rows);
  case branch::async_ordered:
  case branch::async_unordered:
    return one_each(
      key, per_key, [](std::int64_t seq) { return seq * answer_factor; }, rows);
  case branch::count_windows:
    return sums(key, per_key, rows);
  case branch::operator_lists:
    return one_each(
      key, per_key, [](std::int64_t) { return std::int64_t{0}; }, rows);
  }
}

} // namespace

expected_rows rows_of(const branch_settings& settings) {
  expected_rows result;
  for (std::int64_t key = 0; key < settings.numbers.keys; ++key)
    add_rows(settings.what, key, settings.numbers.per_key, result.rows);
  result.in_order = settings.what == branch::tumbling
                    || settings.what == branch::sessions
                    || settings.what == branch::growing_rules
                    || settings.what == branch::count_windows;
  result.rising = settings.what == branch::growing_rules;
  return result;
}

} // namespace flow::sim
