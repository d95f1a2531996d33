#include "test/actors/task_fixture.hpp"

using namespace flow;
using step = task_harness::step;
using std::chrono::milliseconds;

TEST_CASE("records pass map, filter and flat_map of one chain in order") {
  stream_environment env{test_options()};
  end_apart(input_stream(env)
              .map([](std::int64_t x) { return x + 1; })
              .name("add")
              .filter([](std::int64_t x) { return x % 2 == 0; })
              .flat_map([](std::int64_t x, collector<std::int64_t>& out) {
                out.emit(x);
                out.emit(-x);
              }));
  task_harness it{env, "add"};
  it.start();
  it.feed(0, std::vector<std::int64_t>{1, 2, 3}, 7);
  CHECK(it.run().next == step::wait);
  CHECK(it.story(0, 0) == "2 -2 4 -4 |7 ");
}

TEST_CASE("a batch is sealed when it has reached its target") {
  stream_environment env{test_options()};
  auto kept = input_stream(env).filter([](std::int64_t) { return true; });
  kept.name("keep");
  end_apart(kept.rebalance(), 2);
  task_harness it{env, "keep"};
  it.start();
  constexpr auto target =
    static_cast<std::int64_t>(record_batch<std::int64_t>::target_records);
  it.feed(0, numbers(1, 2 * target - 2));
  it.run();
  CHECK(it.around.sent.empty());
  it.feed(0, numbers(1, 2));
  it.run();
  REQUIRE(it.around.sent.size() == 2);
  CHECK(it.around.sent[0].element.batch()->size() == target);
}

TEST_CASE("an unfinished batch is sent when the buffer timeout has passed") {
  stream_environment env{test_options()};
  end_apart(input_stream(env).map([](std::int64_t x) { return x; }).name("m"));
  task_harness it{env, "m"};
  it.start();
  it.feed(0, numbers(1, 2));
  step_result result = it.run();
  CHECK(result.next == step::wait);
  CHECK(result.deadline == it.time.steady() + milliseconds{10});
  CHECK(it.around.sent.empty());
  it.time.advance(milliseconds{9});
  it.run();
  CHECK(it.around.sent.empty());
  it.time.advance(milliseconds{1});
  result = it.run();
  CHECK(it.story(0, 0) == "1 2 ");
  CHECK(result.deadline == std::chrono::nanoseconds::max());
}

TEST_CASE("with a buffer timeout of 0 every input batch goes on at once") {
  stream_environment env{test_options()};
  end_apart(input_stream(env).map([](std::int64_t x) { return x; }).name("m"));
  task_settings settings;
  settings.buffer_timeout = milliseconds{0};
  task_harness it{env, "m", 0, settings};
  it.start();
  it.feed(0, numbers(1, 2));
  it.feed(0, numbers(3, 3));
  it.run();
  CHECK(it.around.batches(0, 0) == 2);
}

TEST_CASE("a watermark seals the open batch and rides on it") {
  stream_environment env{test_options()};
  end_apart(input_stream(env).map([](std::int64_t x) { return x; }).name("m"));
  task_harness it{env, "m"};
  it.start();
  it.feed(0, numbers(1, 2), 5);
  it.feed(0, stream_element::of_watermark(6));
  it.run();
  REQUIRE(it.around.sent.size() == 2);
  CHECK(it.around.sent[0].element.is_data());
  CHECK(it.around.sent[0].element.watermark() == 5);
  CHECK(it.around.sent[1].element.kind() == element_kind::watermark);
}

TEST_CASE("a filter that drops everything still forwards watermarks") {
  stream_environment env{test_options()};
  auto none = input_stream(env).filter([](std::int64_t) { return false; });
  none.name("none");
  end_apart(none.rebalance(), 2);
  task_harness it{env, "none"};
  it.start();
  it.feed(0, numbers(1, 100), 5);
  it.run();
  CHECK(it.story(0, 0) == "|5 ");
  CHECK(it.story(0, 1) == "|5 ");
}

TEST_CASE("side outputs get their records and every watermark") {
  const output_tag<std::int64_t> odd{"odd"};
  stream_environment env{test_options()};
  auto split =
    input_stream(env).process([odd](std::int64_t x, process_context& context,
                                    collector<std::int64_t>& out) {
      if (x % 2 == 0)
        out.emit(x);
      else
        context.emit(odd, x);
    });
  split.name("split");
  end_apart(split);
  end_apart(split.side_output(odd));
  task_harness it{env, "split"};
  it.start();
  it.feed(0, numbers(1, 4), 5);
  it.feed(0, stream_element::of_watermark(8));
  it.run();
  CHECK(it.story(0, 0) == "2 4 |5 |8 ");
  CHECK(it.story(1, 0) == "1 3 |5 |8 ");
}

TEST_CASE("a union takes the lowest watermark of its streams") {
  stream_environment env{test_options()};
  auto left = input_stream(env);
  auto right = input_stream(env);
  end_apart(
    left.union_with(right).map([](std::int64_t x) { return x; }).name("both"));
  task_harness it{env, "both"};
  it.start();
  it.feed(0, numbers(1, 1), 10);
  it.run();
  it.feed(1, numbers(2, 2), 4);
  it.run();
  it.feed(0, stream_element::of_status(stream_status::idle));
  it.feed(1, stream_element::of_watermark(12));
  it.run();
  CHECK(it.story(0, 0) == "1 2 |4 |12 ");
}

TEST_CASE("broadcast sends every record to every subtask") {
  stream_environment env{test_options()};
  auto all = input_stream(env).map([](std::int64_t x) { return x; });
  all.name("all");
  end_apart(all.broadcast(), 3);
  task_harness it{env, "all"};
  it.start();
  it.feed(0, numbers(1, 3), 9);
  it.run();
  for (std::size_t c = 0; c < 3; ++c)
    CHECK(it.story(0, c) == "1 2 3 |9 ");
}

TEST_CASE("rebalance deals records out one by one, evenly") {
  stream_environment env{test_options()};
  auto all = input_stream(env).map([](std::int64_t x) { return x; });
  all.name("all");
  end_apart(all.rebalance(), 3);
  task_harness it{env, "all"};
  it.start();
  it.feed(0, numbers(1, 7), 9);
  it.run();
  CHECK(it.story(0, 0) == "1 4 7 |9 ");
  CHECK(it.story(0, 1) == "2 5 |9 ");
  CHECK(it.story(0, 2) == "3 6 |9 ");
}

TEST_CASE("shuffle loses nothing and reaches every subtask") {
  stream_environment env{test_options()};
  auto all = input_stream(env).map([](std::int64_t x) { return x; });
  all.name("all");
  end_apart(all.shuffle(), 4);
  task_harness it{env, "all"};
  it.start();
  it.feed(0, numbers(1, 4000), 9);
  it.run_to_rest();
  auto got = it.values<std::int64_t>();
  std::sort(got.begin(), got.end());
  CHECK(got == numbers(1, 4000));
  for (std::size_t c = 0; c < 4; ++c) {
    const auto count = it.values<std::int64_t>(0, c).size();
    CHECK(count > 850);
    CHECK(count < 1150);
  }
}

TEST_CASE("rescale keeps to the receivers of the subtask's own group") {
  stream_environment env{test_options()};
  auto all =
    env.from_sequence(1, 0).rebalance().map([](std::int64_t x) { return x; });
  all.name("all");
  all.set_parallelism(2);
  end_apart(all.rescale(), 4);
  for (std::uint32_t index = 0; index < 2; ++index) {
    task_harness it{env, "all", index};
    it.start();
    it.feed(0, numbers(1, 4), 9);
    it.run();
    CHECK(it.channels_of(0) == 2);
    CHECK(it.values<std::int64_t>(0, 0).size() == 2);
    CHECK(it.values<std::int64_t>(0, 1).size() == 2);
  }
}

TEST_CASE("a custom partitioner picks the channel") {
  stream_environment env{test_options()};
  auto all = input_stream(env).map([](std::int64_t x) { return x; });
  all.name("all");
  end_apart(all.partition_custom([](std::int64_t x, std::uint32_t channels) {
    return static_cast<std::uint32_t>(x) % channels;
  }),
            3);
  task_harness it{env, "all"};
  it.start();
  it.feed(0, numbers(0, 5), 9);
  it.run();
  CHECK(it.story(0, 0) == "0 3 |9 ");
  CHECK(it.story(0, 2) == "2 5 |9 ");
}

TEST_CASE("a partitioner's wrong channel fails the task, named") {
  stream_environment env{test_options()};
  auto all = input_stream(env).map([](std::int64_t x) { return x; });
  all.name("all");
  end_apart(all.partition_custom([](std::int64_t x, std::uint32_t) {
    return static_cast<std::uint32_t>(x);
  }),
            3);
  task_harness it{env, "all"};
  it.start();
  it.feed(0, numbers(0, 5), 9);
  const step_result result = it.run();
  REQUIRE(result.next == step::failed);
  CHECK(result.cause->text
        == "operator \"all\": its partitioner chose channel 3 of 3 "
           "(record: 3)");
}

TEST_CASE("a key selector that throws fails the task, named") {
  stream_environment env{test_options()};
  auto all = input_stream(env).map([](std::int64_t x) { return x; });
  all.name("all");
  end_apart(
    all.partition_custom([](std::int64_t, std::uint32_t) -> std::uint32_t {
      throw std::runtime_error("no idea");
    }),
    3);
  task_harness it{env, "all"};
  it.start();
  it.feed(0, numbers(8, 9), 9);
  const step_result result = it.run();
  REQUIRE(result.next == step::failed);
  CHECK(result.cause->text == "operator \"all\": no idea (record: 8)");
}

TEST_CASE("an exception of user code names operator and record") {
  stream_environment env{test_options()};
  end_apart(input_stream(env)
              .map([](std::int64_t x) { return x; })
              .name("head")
              .map([](std::int64_t x) -> std::int64_t {
                if (x == 3)
                  throw std::runtime_error("three is too many");
                return x;
              })
              .name("bad"));
  task_harness it{env, "head"};
  it.start();
  it.feed(0, numbers(1, 4));
  const step_result result = it.run();
  REQUIRE(result.next == step::failed);
  CHECK(result.cause->code == error_code::user_function);
  CHECK(result.cause->severity == error_severity::retryable);
  CHECK(result.cause->text
        == "operator \"bad\": three is too many (record: 3)");
}

TEST_CASE("flow::fatal allows no restart") {
  stream_environment env{test_options()};
  end_apart(input_stream(env)
              .map([](std::int64_t) -> std::int64_t { flow::fatal("over"); })
              .name("bad"));
  task_harness it{env, "bad"};
  it.start();
  it.feed(0, numbers(1, 1));
  const step_result result = it.run();
  REQUIRE(result.next == step::failed);
  CHECK(result.cause->severity == error_severity::fatal);
}

TEST_CASE("a function that cannot be opened fails the task") {
  struct closed {
    void open(runtime_context&) { throw std::runtime_error("no door"); }
    std::int64_t operator()(const std::int64_t& x) const { return x; }
  };
  stream_environment env{test_options()};
  end_apart(input_stream(env).map(closed{}).name("house"));
  task_harness it{env, "house"};
  const auto opened = it.get().open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().text == "operator \"house\": no door");
}

TEST_CASE("a function whose close throws does not end the process") {
  struct jammed {
    void close() { throw std::runtime_error("jammed"); }
    std::int64_t operator()(const std::int64_t& x) const { return x; }
  };
  stream_environment env{test_options()};
  end_apart(input_stream(env).map(jammed{}).name("door"));
  task_harness it{env, "door"};
  it.start();
  it.get().close();
}

TEST_CASE("a gap in the sequence is an error") {
  stream_environment env{test_options()};
  end_apart(input_stream(env).map([](std::int64_t x) { return x; }).name("m"));
  task_harness it{env, "m"};
  it.start();
  it.feed(0, numbers(1, 1));
  const auto result = it.get().enqueue(0, 2, stream_element::of_watermark(1));
  REQUIRE_FALSE(result);
  CHECK(result.error().text.find("expected element 1, got 2")
        != std::string::npos);
}
