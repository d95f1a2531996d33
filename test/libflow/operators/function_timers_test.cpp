#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "libflow/operators/co_process.hpp"
#include "libflow/operators/keyed_process.hpp"
#include "test/support/collecting_receiver.hpp"
#include "test/support/test_seed.hpp"

namespace function_timers_test {

using namespace flow;

namespace {

struct order {
  std::int64_t key = 0;
  timestamp time = 0; ///< of the timer to register
};

struct event {
  std::int64_t key = 0;
  timestamp time = 0;
  std::int64_t count = 0;
  friend bool operator==(const event&, const event&) = default;
};

const output_tag<std::int64_t> fired_keys{"fired"};

/// Registers what it is told; a timer emits how many records its key had.
struct reminder {
  bool processing = false;
  value_state<std::int64_t> count;

  void open(keyed_runtime_context<std::int64_t>& context) {
    count = context.state(value_state_descriptor<std::int64_t>{"count"});
  }
  void process(const order& in, keyed_context<std::int64_t>& context,
               collector<event>&) {
    count.set(count.value() + 1);
    if (processing)
      context.register_processing_timer(in.time);
    else
      context.register_event_timer(in.time);
  }
  void on_timer(timestamp time, timer_context<std::int64_t>& context,
                collector<event>& out) {
    CHECK((context.domain() == time_domain::processing) == processing);
    if (!processing)
      CHECK(context.current_watermark() >= time);
    out.emit({context.key(), time, count.value()});
    context.emit(fired_keys, context.key());
  }
};

using reminder_operator =
  keyed_process_operator<order, event, std::int64_t order::*, reminder>;

struct job {
  explicit job(bool processing = false, std::size_t room = 1'000'000'000)
    : out(room), op("reminder", out, &order::key, reminder{processing, {}}) {
    op.sides().bind<std::int64_t>("fired", side);
    operator_context context;
    context.time = &time;
    op.open(context);
  }

  void feed(const std::vector<order>& orders, timestamp stamp = 0) {
    auto batch = record_batch<order>::make();
    for (const auto& each : orders)
      batch->append(each, stamp);
    op.input(0).receive_erased(batch_ptr{std::move(batch)});
  }
  void watermark(timestamp mark) { op.input(0).receive_watermark(mark); }
  void settle() {
    while (op.pending()) {
      out.make_room();
      op.resume();
    }
  }
  /// The clock stands at a time and everything due has fired.
  void set_clock(timestamp now) {
    time.set_now(now);
    do
      op.on_time(time.steady());
    while (op.next_deadline() <= time.steady());
  }

  manual_clock time;
  collecting_receiver<event> out;
  collecting_receiver<std::int64_t> side;
  reminder_operator op;
};

using row = collecting_receiver<event>::row;

} // namespace

TEST_CASE("event timers fire in order before the watermark goes on") {
  job it;
  it.feed({{1, 30}, {2, 10}, {1, 20}, {1, 20}});
  CHECK(it.op.timers() == timer_counts{3, 0});
  it.watermark(9);
  CHECK(it.out.take().empty());
  it.watermark(25);
  CHECK(it.out.take() == std::vector<row>{{{2, 10, 1}, 10}, {{1, 20, 3}, 20}});
  CHECK(it.out.rows_at_watermark == std::vector<std::size_t>{0, 2});
  CHECK(it.side.rows.size() == 2);
  CHECK(it.side.rows[0].stamp == 10);
  it.watermark(max_timestamp);
  CHECK(it.out.take() == std::vector<row>{{{1, 30, 3}, 30}});
  CHECK(it.op.timers() == timer_counts{});
}

TEST_CASE("a timer before the watermark waits for the next one") {
  job it;
  it.watermark(10);
  it.feed({{1, 5}});
  CHECK(it.out.take().empty());
  it.watermark(11);
  CHECK(it.out.take().size() == 1);
}

TEST_CASE("processing timers fire by the clock and give no timestamp") {
  job it{true};
  it.feed({{1, 30}, {2, 10}}, 77);
  CHECK(it.op.next_deadline() == it.time.steady() + duration_ms{11});
  it.watermark(max_timestamp);
  it.set_clock(9);
  CHECK(it.out.take().empty());
  it.set_clock(10);
  CHECK(it.out.take() == std::vector<row>{{{2, 10, 1}, min_timestamp}});
  it.set_clock(100);
  CHECK(it.out.take() == std::vector<row>{{{1, 30, 1}, min_timestamp}});
  CHECK(it.op.next_deadline() == std::chrono::nanoseconds::max());
}

TEST_CASE("a storm of timers lets others in between its steps") {
  constexpr std::int64_t storm = 1'000'000;
  job it;
  std::vector<order> orders;
  for (std::int64_t i = 0; i < storm; ++i)
    orders.push_back({i % 1000, i});
  it.feed(orders);
  it.settle();
  it.watermark(storm);
  std::size_t before = it.out.rows.size();
  std::size_t steps = 1;
  CHECK(before <= limits::timers_per_firing_step);
  while (it.op.pending()) {
    it.op.resume();
    CHECK(it.out.rows.size() - before <= limits::timers_per_firing_step);
    before = it.out.rows.size();
    ++steps;
  }
  CHECK(steps >= storm / limits::timers_per_firing_step);
  CHECK(it.out.rows.size() == storm);
  CHECK(it.out.watermarks == std::vector<timestamp>{storm});

  job other{true};
  other.feed(orders);
  while (other.op.pending())
    other.op.resume();
  other.time.set_now(storm);
  other.op.on_time(other.time.steady());
  CHECK(other.out.rows.size() <= limits::timers_per_firing_step);
  CHECK(other.op.next_deadline() <= other.time.steady());
  other.set_clock(storm);
  CHECK(other.out.rows.size() == storm);
}

TEST_CASE("firing stops while the output is full, in the middle of a storm") {
  job it{false, 1000};
  std::vector<order> orders;
  for (std::int64_t i = 0; i < 10'000; ++i)
    orders.push_back({i % 10, i});
  it.feed(orders);
  it.settle();
  it.watermark(10'000);
  CHECK(it.out.rows.size() <= 1000 + limits::records_per_amplifying_call);
  const auto stuck = it.out.rows.size();
  it.op.resume();
  CHECK(it.out.rows.size() == stuck);
  CHECK(it.op.pending());
  CHECK(it.out.watermarks.empty());
  it.settle();
  CHECK(it.out.rows.size() == 10'000);
  CHECK(it.out.watermarks.size() == 1);
}

TEST_CASE("timers and state are restored between any two calls") {
  const auto seed = test_seed();
  std::mt19937_64 random{seed};
  std::set<std::pair<timestamp, std::int64_t>> model;
  std::map<std::int64_t, std::int64_t> counts;
  auto it = std::make_unique<job>();
  timestamp mark = 0;
  for (int i = 0; i < 3000; ++i) {
    if (random() % 3 != 0) {
      const order next{static_cast<std::int64_t>(random() % 20),
                       mark + 1 + static_cast<timestamp>(random() % 50)};
      it->feed({next});
      model.insert({next.time, next.key});
      ++counts[next.key];
    } else {
      mark += static_cast<timestamp>(random() % 20);
      std::multiset<std::pair<timestamp, std::int64_t>> wanted;
      while (!model.empty() && model.begin()->first <= mark) {
        wanted.insert(*model.begin());
        model.erase(model.begin());
      }
      it->watermark(mark);
      std::multiset<std::pair<timestamp, std::int64_t>> fired;
      for (const auto& each : it->out.take()) {
        fired.insert({each.value.time, each.value.key});
        CHECK(each.value.count == counts[each.value.key]);
      }
      REQUIRE(fired == wanted);
    }
    if (random() % 10 == 0) {
      const auto taken = it->op.snapshot();
      it = std::make_unique<job>();
      REQUIRE(it->op.restore(std::vector<operator_snapshot>{taken}));
    }
    REQUIRE(it->op.timers().event == model.size());
  }
}

TEST_CASE("a function without on_timer cannot register timers") {
  const auto function = [](const order&, keyed_context<std::int64_t>& context,
                           collector<event>&) {
    context.register_event_timer(1);
  };
  collecting_receiver<event> out;
  keyed_process_operator<order, event, std::int64_t order::*,
                         decltype(function)>
    op{"timeless", out, &order::key, function};
  manual_clock time;
  operator_context context;
  context.time = &time;
  op.open(context);
  auto batch = record_batch<order>::make();
  batch->append({1, 1}, 0);
  CHECK_THROWS_AS(op.receive(std::move(batch)), task_failure);
}

// -- two inputs ---------------------------------------------------------------

namespace {

struct name {
  text who;
  std::int64_t key = 0;
};

/// Emits orders once their key has a name; a timer forgets the name.
struct join_names {
  value_state<text> known;

  void open(keyed_runtime_context<std::int64_t>& context) {
    known = context.state(value_state_descriptor<text>{"name"});
  }
  void process_first(const order& in, keyed_context<std::int64_t>&,
                     collector<text>& out) {
    if (known.has_value())
      out.emit(known.value());
    else
      out.emit(text{"nobody " + std::to_string(in.key)});
  }
  void process_second(const name& in, keyed_context<std::int64_t>& context,
                      collector<text>&) {
    known.set(in.who);
    context.register_event_timer(context.record_timestamp() + 10);
  }
  void on_timer(timestamp, timer_context<std::int64_t>& context,
                collector<text>& out) {
    out.emit(text{"gone " + std::to_string(context.key())});
    known.clear();
  }
};

using named = collecting_receiver<text>::row;

template <class T>
void feed(operator_base& op, std::size_t input, T value, timestamp stamp) {
  auto batch = record_batch<T>::make();
  batch->append(std::move(value), stamp);
  op.input(input).receive_erased(batch_ptr{std::move(batch)});
}

} // namespace

TEST_CASE("two keyed streams share state, timers and the lower watermark") {
  collecting_receiver<text> out;
  manual_clock time;
  operator_context context;
  context.time = &time;
  using op_type =
    keyed_co_process_operator<order, name, text, std::int64_t order::*,
                              std::int64_t name::*, join_names>;
  auto op = std::make_unique<op_type>("join", out, &order::key, &name::key,
                                      join_names{});
  op->open(context);
  feed(*op, 0, order{1, 0}, 1);
  feed(*op, 1, name{"ann", 1}, 5);
  feed(*op, 0, order{1, 0}, 6);
  feed(*op, 0, order{2, 0}, 7);
  CHECK(out.take()
        == std::vector<named>{{"nobody 1", 1}, {"ann", 6}, {"nobody 2", 7}});
  op->input(0).receive_watermark(20);
  CHECK(out.take().empty());
  CHECK(out.watermarks.empty());

  const auto taken = op->snapshot();
  op = std::make_unique<op_type>("join", out, &order::key, &name::key,
                                 join_names{});
  op->open(context);
  REQUIRE(op->restore(std::vector<operator_snapshot>{taken}));
  op->input(0).receive_watermark(20);
  op->input(1).receive_watermark(14);
  CHECK(out.watermarks == std::vector<timestamp>{14});
  CHECK(out.take().empty());
  op->input(1).receive_status(stream_status::idle);
  CHECK(out.take() == std::vector<named>{{"gone 1", 15}});
  CHECK(out.watermarks == std::vector<timestamp>{14, 20});
  feed(*op, 0, order{1, 0}, 30);
  CHECK(out.take() == std::vector<named>{{"nobody 1", 30}});
}

TEST_CASE("two streams through two functions") {
  collecting_receiver<text> out;
  const auto first = [](const order& in) {
    return text{"order " + std::to_string(in.key)};
  };
  const auto second = [](const name& in) { return in.who; };
  using function = co_map_function<decltype(first), decltype(second)>;
  co_process_operator<order, name, text, function> op{"both", out,
                                                      function{first, second}};
  op.open({});
  feed(op, 0, order{7, 0}, 1);
  feed(op, 1, name{"bob", 7}, 2);
  CHECK(out.take() == std::vector<named>{{"order 7", 1}, {"bob", 2}});
}

TEST_CASE("random watermarks and idleness on two inputs fire by the minimum") {
  std::mt19937_64 random{test_seed()};
  for (int round = 0; round < 200; ++round) {
    collecting_receiver<text> out;
    manual_clock time;
    operator_context context;
    context.time = &time;
    keyed_co_process_operator<order, name, text, std::int64_t order::*,
                              std::int64_t name::*, join_names>
      op{"join", out, &order::key, &name::key, join_names{}};
    op.open(context);
    std::array<timestamp, 2> marks{min_timestamp, min_timestamp};
    timestamp combined = min_timestamp;
    std::multiset<timestamp> timers;
    for (int i = 0; i < 40; ++i) {
      if (random() % 2 == 0) {
        const auto stamp = static_cast<timestamp>(random() % 100);
        const auto key = static_cast<std::int64_t>(i);
        feed(op, 1, name{"x", key}, stamp);
        timers.insert(stamp + 10);
      } else {
        const std::size_t input = random() % 2;
        marks[input] =
          std::max(marks[input], static_cast<timestamp>(random() % 120));
        op.input(input).receive_watermark(marks[input]);
        const auto lower = std::min(marks[0], marks[1]);
        if (lower > combined) {
          combined = lower;
          while (!timers.empty() && *timers.begin() <= combined) {
            REQUIRE(!out.rows.empty());
            CHECK(out.rows.front().stamp == *timers.begin());
            out.rows.erase(out.rows.begin());
            timers.erase(timers.begin());
          }
        }
      }
      REQUIRE(out.rows.empty());
    }
  }
}

} // namespace function_timers_test
