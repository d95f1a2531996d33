#include "test/actors/task_fixture.hpp"

using namespace flow;
using step = task_harness::step;
using std::chrono::milliseconds;

namespace {

data_stream<std::int64_t> thousandfold(const data_stream<std::int64_t>& from,
                                       std::int64_t times) {
  return from.flat_map([times](std::int64_t x, collector<std::int64_t>& out) {
    for (std::int64_t i = 0; i < times; ++i)
      out.emit(x * times + i);
  });
}

} // namespace

TEST_CASE("without credit one unfinished batch a channel is all that waits") {
  stream_environment env{test_options()};
  auto all = input_stream(env).map([](std::int64_t x) { return x; });
  all.name("all");
  end_apart(all.rebalance(), 2);
  task_harness it{env, "all"};
  it.open();
  CHECK(it.around.granted[0] == limits::channel_window_credits);
  it.around.granted.clear();
  // Two open batches can hold 1000 records without being sealed.
  for (int i = 0; i < 10; ++i)
    it.feed(0, numbers(1, 100));
  CHECK(it.run().next == step::wait);
  CHECK(it.around.sent.empty());
  it.time.advance(milliseconds{50});
  CHECK(it.run().deadline == std::chrono::nanoseconds::max());
  CHECK(it.around.sent.empty());
  CHECK(it.get().waiting_for().empty() == false);
  // Eight processed, so half a window is granted: the open batches are no
  // overdraft.
  CHECK(it.around.granted[0] == 8);
  it.grant_all();
  it.run();
  CHECK(it.values<std::int64_t>().size() == 1000);
}

TEST_CASE("with an overdraft nothing is taken, granted or fired") {
  stream_environment env{test_options()};
  auto all = input_stream(env).map([](std::int64_t x) { return x; });
  all.name("all");
  end_apart(all);
  task_harness it{env, "all"};
  it.open();
  it.around.granted.clear();
  for (int i = 0; i < 16; ++i)
    it.feed(0, numbers(1, 1024));
  CHECK(it.run().next == step::wait);
  CHECK(it.around.sent.empty());
  CHECK(it.around.granted.empty());
  CHECK(it.get().waiting_for() == "credit of channel 0 to \"no sink\"");
  // The first batch is the overdraft; the others still wait in the gate.
  it.grant_port(0, 3);
  it.run();
  CHECK(it.around.sent.size() == 3);
  CHECK(it.around.granted.empty());
  it.grant_port(0, 7);
  it.run();
  CHECK(it.around.sent.size() == 10);
  CHECK(it.around.granted[0] == 8); // half a window at a time
}

TEST_CASE("a flat_map pauses between pieces and goes on with credit") {
  stream_environment env{test_options()};
  auto many = thousandfold(input_stream(env), 1000);
  many.name("many");
  end_apart(many);
  task_harness it{env, "many"};
  it.open();
  it.around.granted.clear();
  it.feed(0, numbers(0, 1023), 77);
  CHECK(it.run().next == step::wait);
  // What one call of 256 records emits, and not more.
  const auto waiting = it.metrics.totals("job").overdraft_bytes;
  CHECK(waiting > 256'000 * 8);
  CHECK(waiting < 3 * 256'000 * 16);
  CHECK(it.around.granted.empty());
  for (int i = 0; i < 10'000 && it.around.batches(0, 0) < 1001; ++i) {
    const std::size_t before = it.around.batches(0, 0);
    it.grant_port(0, 8);
    it.run();
    if (it.around.batches(0, 0) == before)
      break;
  }
  it.run_to_rest();
  CHECK(it.values<std::int64_t>() == numbers(0, 1'023'999));
  CHECK(it.around.sent.back().element.watermark() == 77);
}

TEST_CASE("a flat_map with room is not left waiting amid its batch") {
  stream_environment env{test_options()};
  auto many = thousandfold(input_stream(env), 1);
  many.name("many");
  end_apart(many);
  task_harness it{env, "many"};
  it.start();
  it.feed(0, numbers(0, 1023), 5);
  CHECK(it.run().next == step::wait);
  CHECK(it.values<std::int64_t>() == numbers(0, 1023));
}

TEST_CASE("two chained flat_maps keep the order under backpressure") {
  stream_environment env{test_options()};
  auto few = thousandfold(input_stream(env), 30);
  few.name("first");
  auto many = thousandfold(few, 30);
  end_apart(many);
  task_harness it{env, "first"};
  it.open();
  it.feed(0, numbers(0, 299), 3);
  it.feed(0, numbers(300, 599), 4);
  it.run();
  std::size_t before = 0;
  do {
    before = it.around.sent.size();
    it.grant_port(0, 2);
    it.run();
  } while (it.around.sent.size() > before);
  it.run_to_rest();
  CHECK(it.values<std::int64_t>() == numbers(0, 600 * 900 - 1));
  std::vector<timestamp> marks;
  for (const auto& each : it.around.sent)
    if (each.element.watermark() != min_timestamp)
      marks.push_back(each.element.watermark());
  CHECK(marks == std::vector<timestamp>{3, 4});
}

TEST_CASE("a step ends when its time is used up, amid a flat_map too") {
  // The clock goes on with every record.
  stream_environment env{test_options()};
  static manual_clock* running = nullptr;
  auto slow = input_stream(env).flat_map(
    [](std::int64_t x, collector<std::int64_t>& out) {
      running->advance(std::chrono::microseconds{10});
      out.emit(x);
    });
  slow.name("slow");
  end_apart(slow);
  task_harness it{env, "slow"};
  running = &it.time;
  it.start();
  it.feed(0, numbers(0, 1023), 1);
  CHECK(it.get().step().next == step::again);
  CHECK(it.run().next == step::wait);
  CHECK(it.values<std::int64_t>() == numbers(0, 1023));
}

TEST_CASE("a batch that gets due during a step is not forgotten") {
  // Between the look for due batches and the choice of the next deadline the
  // clock goes on.
  struct creeping_clock final : clock {
    [[nodiscard]] timestamp now() const override { return 0; }
    [[nodiscard]] std::chrono::nanoseconds steady() const override {
      at += std::chrono::milliseconds{1};
      return at;
    }
    mutable std::chrono::nanoseconds at{0};
  };
  stream_environment env{test_options()};
  end_apart(input_stream(env).map([](std::int64_t x) { return x; }).name("m"));
  for (int timeout = 1; timeout < 12; ++timeout) {
    task_harness made{env, "m"};
    task_settings settings;
    settings.buffer_timeout = milliseconds{timeout};
    const creeping_clock time;
    fake_surroundings around;
    metric_registry metrics;
    task it{made.place(), settings, around, time, metrics};
    REQUIRE(it.open());
    REQUIRE(it.on_credit(0, 0, 16));
    auto batch = record_batch<std::int64_t>::make();
    batch->append(1, 0);
    REQUIRE(it.enqueue(0, 0, stream_element::of_data(std::move(batch))));
    step_result result;
    do
      result = it.step();
    while (result.next == step::again);
    const bool sent = !around.sent.empty();
    CHECK((sent || result.deadline != std::chrono::nanoseconds::max()));
  }
}
