#include "libflow/testing.hpp"
#include "test/actors/paced_source.hpp"
#include "test/actors/task_fixture.hpp"

using namespace flow;
using namespace std::chrono_literals;

namespace {

/// What --explain says of the windows of a job about `time`.
template <class Compose>
std::string window_note(time_characteristic time, Compose compose) {
  stream_environment env{test_options()};
  env.set_time_characteristic(time);
  auto windows = compose(
    env.from_sequence(1, 2).key_by([](std::int64_t x) { return x % 3; }));
  for (const auto& [key, value] : windows.last().notes)
    if (key == "window")
      return value;
  return {};
}

std::int64_t add(const std::int64_t& a, const std::int64_t& b) {
  return a + b;
}

/// Times and watermarks that the operator after a source sees.
struct seen {
  void operator()(const std::int64_t&, process_context& context,
                  collector<std::int64_t>& out) const {
    out.emit(context.record_timestamp());
  }
};

} // namespace

TEST_CASE("windows without a time of their own are of the job's") {
  const auto tumbling = [](const auto& keyed) {
    return keyed.time_window(15s).reduce(&add);
  };
  const auto sliding = [](const auto& keyed) {
    return keyed.time_window(15s, 5s).reduce(&add);
  };
  using enum time_characteristic;
  for (const auto time : {event, ingestion}) {
    CHECK(window_note(time, tumbling)
          == "tumbling event time, 15000 ms, over slices");
    CHECK(window_note(time, sliding)
            .starts_with("sliding event time, 15000 ms by 5000 ms, "));
  }
  CHECK(window_note(processing, tumbling)
          .starts_with("tumbling processing time, 15000 ms, "));
  CHECK(window_note(processing, sliding)
          .starts_with("sliding processing time, 15000 ms by 5000 ms, "));
}

TEST_CASE("a stream may have another time than its job") {
  const auto of_event = [](const auto& keyed) {
    return keyed.time_window(15s, time_domain::event).reduce(&add);
  };
  const auto of_processing = [](const auto& keyed) {
    return keyed.time_window(15s, 5s, time_domain::processing).reduce(&add);
  };
  const auto named = [](const auto& keyed) {
    return keyed.window(sliding_event_time{15s, 5s}).reduce(&add);
  };
  using enum time_characteristic;
  CHECK(window_note(processing, of_event)
          .starts_with("tumbling event time, 15000 ms"));
  CHECK(window_note(event, of_processing)
          .starts_with("sliding processing time, 15000 ms by 5000 ms"));
  CHECK(window_note(processing, named)
          .starts_with("sliding event time, 15000 ms by 5000 ms"));
}

TEST_CASE("windows over a whole stream have the job's time too") {
  for (const bool processing : {false, true}) {
    stream_environment env{test_options()};
    if (processing)
      env.set_time_characteristic(time_characteristic::processing);
    auto windows = env.from_sequence(1, 2).time_window_all(15s).reduce(&add);
    CHECK(windows.last().notes.front().second.starts_with(
      processing ? "tumbling processing time" : "tumbling event time"));
  }
}

TEST_CASE("windows of either time fire by the time that they were given") {
  const auto sums = [](time_domain time) {
    return testing::harness_of<std::int64_t>([time](auto in) {
      return in.key_by([](const std::int64_t& x) { return x % 2; })
        .time_window(15ms, time)
        .reduce(&add);
    });
  };
  using values = std::vector<std::int64_t>;
  auto by_clock = sums(time_domain::processing);
  CHECK(by_clock.push(std::int64_t{1}, 500));
  CHECK(by_clock.push(std::int64_t{3}, 7));
  CHECK(by_clock.watermark(1'000));
  CHECK(by_clock.values() == values{});
  CHECK(by_clock.set_processing_time(15));
  CHECK(by_clock.values() == values{4});

  auto by_watermark = sums(time_domain::event);
  CHECK(by_watermark.push(std::int64_t{1}, 5));
  CHECK(by_watermark.set_processing_time(1'000));
  CHECK(by_watermark.values() == values{});
  CHECK(by_watermark.watermark(14));
  CHECK(by_watermark.values() == values{1});
}

TEST_CASE("in ingestion time sources give records the time of their arrival") {
  const auto pace = std::make_shared<source_pace>();
  stream_environment env{test_options()};
  env.set_time_characteristic(time_characteristic::ingestion);
  end_apart(env.from_source<std::int64_t>(std::make_shared<paced_source>(pace))
              .name("numbers")
              .process(seen{}));
  const auto text = env.explain(graph_format::text);
  REQUIRE(text);
  CHECK(text->find("timestamps: ingestion time\n") != std::string::npos);

  task_harness it{env, "numbers"};
  it.time.set_now(5'000);
  it.start();
  pace->gate = 2;
  it.run_to_rest();
  it.time.advance(100ms);
  pace->gate = 3;
  it.run_to_rest();
  it.time.advance(100ms);
  it.run_to_rest();
  it.time.advance(200ms); // nothing comes, time goes on
  it.run_to_rest();
  CHECK(it.story(0, 0) == "5000 5000 5100 |5199 |5399 ");
  pace->ends = true;
  it.time.advance(1ms);
  it.run_to_rest();
  CHECK(it.story(0, 0) == "5000 5000 5100 |5199 |5399 |max drained end ");
}

TEST_CASE("a stream of a job in ingestion time may have times of its own") {
  const auto pace = std::make_shared<source_pace>();
  stream_environment env{test_options()};
  env.set_time_characteristic(time_characteristic::ingestion);
  end_apart(
    env.from_source<std::int64_t>(std::make_shared<paced_source>(pace))
      .name("numbers")
      .assign_timestamps_and_watermarks(monotonous_timestamps(&own_time))
      .process(seen{}));
  task_harness it{env, "numbers"};
  it.time.set_now(5'000);
  it.start();
  pace->gate = 2;
  it.run_to_rest();
  it.time.advance(200ms);
  it.run_to_rest();
  CHECK(it.story(0, 0) == "0 1 |0 ");
}
