#include <random>

#include "test/actors/task_fixture.hpp"
#include "test/support/test_seed.hpp"

using namespace flow;
using step = task_harness::step;
using std::chrono::milliseconds;

namespace {

void feed_end(task_harness& it, std::size_t channel, end_mode mode) {
  it.feed(channel, stream_element::of_end_of_data(mode));
  it.feed(channel, stream_element::of_end_of_partition());
}

} // namespace

TEST_CASE("a drained source sends its last watermark before its end") {
  stream_environment env{test_options()};
  end_apart(env.from_collection(numbers(1, 3))
              .map([](std::int64_t x) { return x; })
              .name("m"));
  task_harness it{env, "m"};
  it.start();
  CHECK(it.run().next == step::done);
  CHECK(it.story(0, 0) == "1 2 3 |max drained end ");
}

TEST_CASE("a stopped source sends what it read and no last watermark") {
  stream_environment env{test_options()};
  end_apart(env.from_sequence(1, 1'000'000)
              .map([](std::int64_t x) { return x; })
              .name("m"));
  task_harness it{env, "m"};
  it.open();
  it.run();
  REQUIRE(it.get().stop());
  it.grant_all();
  CHECK(it.run().next == step::done);
  const auto got = it.values<std::int64_t>();
  CHECK(!got.empty());
  CHECK(got == numbers(1, static_cast<std::int64_t>(got.size())));
  const std::string story = it.story(0, 0);
  CHECK(story.ends_with(" stopped end "));
  CHECK(story.find('|') == std::string::npos);
}

TEST_CASE("a channel that ends before its data does fails the task") {
  stream_environment env{test_options(2)};
  end_apart(env.from_sequence(1, 0)
              .rebalance()
              .map([](std::int64_t x) { return x; })
              .name("m"),
            2);
  task_harness it{env, "m"};
  it.open();
  it.feed(0, stream_element::of_end_of_partition());
  const auto result = it.run();
  CHECK(result.next == step::failed);
  CHECK(result.cause->text == "input channel 0 ends before its data does");
}

TEST_CASE("a task ends when all its channels have, without credit too") {
  stream_environment env{test_options(2)};
  auto from = env.from_sequence(1, 0);
  end_apart(from.rebalance().map([](std::int64_t x) { return x; }).name("m"),
            2);
  task_harness it{env, "m"};
  it.open();
  it.feed(0, numbers(1, 2), max_timestamp);
  feed_end(it, 0, end_mode::drained);
  CHECK(it.run().next == step::wait);
  it.feed(1, numbers(3, 4), max_timestamp);
  feed_end(it, 1, end_mode::drained);
  CHECK(it.run().next == step::wait); // the last batch waits for its credit
  it.grant_all();
  CHECK(it.run().next == step::done);
  CHECK(it.story(0, 0) == "1 2 3 4 |max drained end ");
}

TEST_CASE("one stopped channel makes the end a stopped one") {
  stream_environment env{test_options(2)};
  auto from = env.from_sequence(1, 0);
  end_apart(from.rebalance().map([](std::int64_t x) { return x; }).name("m"),
            2);
  task_harness it{env, "m"};
  it.start();
  it.feed(0, numbers(1, 2), max_timestamp);
  feed_end(it, 0, end_mode::drained);
  it.feed(1, numbers(3, 4), 8);
  feed_end(it, 1, end_mode::stopped);
  CHECK(it.run().next == step::done);
  CHECK(it.story(0, 0) == "1 2 3 4 |8 stopped end ");
}

TEST_CASE("a sink is finished when its input has ended") {
  stream_environment env{test_options()};
  auto results = input_stream(env).collect();
  task_harness it{env, "collect"};
  it.start();
  it.feed(0, numbers(1, 2));
  feed_end(it, 0, end_mode::drained);
  CHECK(it.run().next == step::done);
  CHECK(results.records() == numbers(1, 2));
}

TEST_CASE("watermarks come by the clock, and an idle stream sets no timer") {
  stream_environment env{test_options()};
  end_apart(input_stream(env)
              .assign_timestamps_and_watermarks(
                monotonous_timestamps([](std::int64_t x) { return x; }))
              .name("marks"));
  task_harness it{env, "marks"};
  it.start();
  CHECK(it.run().deadline == std::chrono::nanoseconds::max());
  it.feed(0, numbers(1, 3));
  it.time.advance(milliseconds{100});
  it.run();
  it.time.advance(milliseconds{100});
  it.run();
  CHECK(it.story(0, 0) == "1 2 3 |2 ");
  CHECK(it.run().deadline == std::chrono::nanoseconds::max());
}

TEST_CASE("no watermark of the clock comes after the last one") {
  stream_environment env{test_options()};
  end_apart(input_stream(env)
              .assign_timestamps_and_watermarks(
                monotonous_timestamps([](std::int64_t x) {
                  return x;
                }).with_idleness(milliseconds{50}))
              .name("marks"));
  task_harness it{env, "marks"};
  it.start();
  it.feed(0, numbers(1, 3));
  it.feed(0, stream_element::of_watermark(max_timestamp));
  CHECK(it.run().deadline == std::chrono::nanoseconds::max());
  it.time.advance(milliseconds{1000});
  it.run();
  CHECK(it.story(0, 0) == "1 2 3 |max ");
}

TEST_CASE("no watermark of the clock comes after the end") {
  stream_environment env{test_options()};
  end_apart(input_stream(env)
              .assign_timestamps_and_watermarks(
                monotonous_timestamps([](std::int64_t x) { return x; }))
              .name("marks"));
  task_settings settings;
  settings.ends_with_checkpoint = true;
  task_harness it{env, "marks", 0, settings};
  it.start();
  it.feed(0, numbers(1, 3));
  it.feed(0, stream_element::of_end_of_data(end_mode::stopped));
  it.run();
  it.feed(0, stream_element::of_barrier({.checkpoint_id = 1}));
  it.run();
  REQUIRE(it.get().checkpoint_completed(1));
  it.time.advance(milliseconds{1000}); // one has been due for long
  CHECK(it.run().next == step::done);
  const std::string story = it.story(0, 0);
  CAPTURE(story);
  CHECK(story.ends_with(" end "));
}

TEST_CASE("watermarks every n rows fall on the same rows in any batch size") {
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random{seed};
  std::vector<std::int64_t> records(5000);
  for (std::size_t i = 0; i < records.size(); ++i)
    records[i] = static_cast<std::int64_t>(i + random() % 50);
  std::vector<std::vector<std::string>> stories;
  for (const std::size_t size : {1U, 7U, 256U, 1024U, 5000U}) {
    stream_environment env{test_options()};
    auto marked = input_stream(env)
                    .assign_timestamps_and_watermarks(bounded_out_of_orderness(
                      milliseconds{20}, [](std::int64_t x) { return x; }))
                    .name("marks")
                    .filter([](std::int64_t x) { return x % 3 != 0; })
                    .flat_map([](std::int64_t x, collector<std::int64_t>& out) {
                      for (std::int64_t i = 0; i < x % 4; ++i)
                        out.emit(x);
                    });
    end_apart(marked.rebalance(), 3);
    task_settings settings;
    settings.watermark_every_rows = 100;
    task_harness it{env, "marks", 0, settings};
    it.start();
    for (std::size_t at = 0; at < records.size(); at += size) {
      const auto first = records.begin() + static_cast<std::ptrdiff_t>(at);
      const auto count =
        static_cast<std::ptrdiff_t>(std::min(size, records.size() - at));
      it.feed(0, std::vector<std::int64_t>{first, first + count});
      it.run_to_rest();
      it.time.advance(milliseconds{random() % 20});
      it.run_to_rest();
    }
    feed_end(it, 0, end_mode::drained);
    it.run_to_rest();
    stories.push_back({it.story(0, 0), it.story(0, 1), it.story(0, 2)});
  }
  for (const auto& each : stories)
    CHECK(each == stories.front());
}

TEST_CASE("a source with a rate reads what the clock allows") {
  stream_environment env{test_options()};
  end_apart(env.from_sequence(1, 1'000'000)
              .map([](std::int64_t x) { return x; })
              .name("m"));
  task_settings settings;
  settings.source_rate = 1000;
  task_harness it{env, "m", 0, settings};
  it.start();
  for (int i = 0; i < 100; ++i) {
    const auto result = it.run_to_rest();
    CHECK(result.next == step::wait);
    CHECK(result.deadline < std::chrono::hours{1});
    it.time.advance(milliseconds{10});
  }
  it.time.advance(milliseconds{20});
  it.run_to_rest();
  const auto got = it.values<std::int64_t>().size();
  CHECK(got > 980);
  CHECK(got <= 1020);
}

TEST_CASE("counters of a task and its operators agree with what passed") {
  stream_environment env{test_options()};
  end_apart(input_stream(env)
              .map([](std::int64_t x) { return x; })
              .name("m")
              .filter([](std::int64_t x) { return x > 2; })
              .name("f"));
  task_harness it{env, "m"};
  it.start();
  it.feed(0, numbers(1, 10), 42);
  it.run();
  const std::string text = it.metrics.render_prometheus(it.time.steady());
  auto has = [&](const std::string& line) {
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
  };
  const std::string task = R"({job="job",task="m -> f",subtask="0"} )";
  has("flow_task_num_records_in_total" + task + "10");
  has("flow_task_num_records_out_total" + task + "8");
  has("flow_task_num_batches_in_total" + task + "1");
  has("flow_task_num_batches_out_total" + task + "1");
  has("flow_task_current_input_watermark_ms" + task + "42");
  CHECK(text.find("flow_task_num_bytes_out_total" + task + "0\n")
        == std::string::npos);
  has(R"(flow_operator_num_records_out_total{job="job",operator="f",)"
      R"(subtask="0"} 8)");
}

TEST_CASE("idle, busy and backpressured add up to a second") {
  stream_environment env{test_options()};
  static manual_clock* running = nullptr;
  auto slow = input_stream(env).map([](std::int64_t x) {
    running->advance(milliseconds{1});
    return x;
  });
  slow.name("slow");
  end_apart(slow);
  task_harness it{env, "slow"};
  running = &it.time;
  it.open();
  const task_time& spent =
    it.metrics.task({"job", "slow", 0}, {}, it.time.steady())->time;
  auto split = [&] { return spent.split(it.time.steady()); };
  auto sum = [](const time_split& each) {
    return each.idle_ms + each.busy_ms + each.backpressured_ms;
  };
  it.run();
  it.time.advance(milliseconds{2000});
  CHECK(split().idle_ms >= 990);
  it.feed(0, std::vector<std::int64_t>(1024, 1));
  it.run(); // a whole second of work, then no credit
  CHECK(split().busy_ms >= 890);
  CHECK(sum(split()) >= 990);
  CHECK(sum(split()) <= 1010);
  it.time.advance(milliseconds{1200});
  CHECK(split().backpressured_ms >= 990);
  CHECK(sum(split()) >= 990);
}
