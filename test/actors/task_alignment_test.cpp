#include <span>

#include "test/actors/paced_source.hpp"
#include "test/actors/task_fixture.hpp"

using namespace flow;
using step = task_harness::step;
using std::chrono::milliseconds;

namespace {

constexpr auto one_read =
  static_cast<std::int64_t>(limits::batch_target_records);

/// The task of an aligned source that may read 10,000 numbers.
struct aligned_task {
  explicit aligned_task(std::optional<milliseconds> idle_after = {})
    : it{environment(pace, idle_after), "marks"} {
    pace->gate = 10'000;
  }

  static stream_environment
  environment(const std::shared_ptr<source_pace>& pace,
              std::optional<milliseconds> idle_after) {
    stream_environment env{test_options()};
    end_apart(aligned_numbers(env, "marks", pace, milliseconds{100},
                              milliseconds{1'000}, idle_after));
    return env;
  }

  step_result rest_after(milliseconds time) {
    it.time.advance(time);
    return it.run_to_rest();
  }

  std::shared_ptr<source_pace> pace = std::make_shared<source_pace>();
  task_harness it;
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a source is not read while its watermark is above the limit") {
  aligned_task source;
  source.it.start();
  source.it.get().allow_watermark(99);
  CHECK(source.it.run_to_rest().next == step::wait);
  CHECK(source.pace->read == one_read);
  CHECK(source.it.get().waiting_for()
        == "sources of its group, whose watermarks are behind");
  CHECK(contains(source.it.metrics.render_prometheus(source.it.time.steady()),
                 "flow_task_watermark_alignment_drift_ms{job=\"job\",task="
                 "\"marks source -> marks\",subtask=\"0\"} "
                   + std::to_string(one_read - 2 - (99 - 100))));
  // At the limit it reads; a batch may take it beyond.
  source.it.get().allow_watermark(one_read - 2);
  source.it.run_to_rest();
  CHECK(source.pace->read == 2 * one_read);
  source.it.get().allow_watermark(max_timestamp);
  source.it.run_to_rest();
  CHECK(source.pace->read == 10'000);
}

TEST_CASE("a source that waits for others puts its watermark out and sleeps") {
  aligned_task source;
  source.it.start();
  source.it.get().allow_watermark(99);
  source.it.run_to_rest();
  CHECK(source.it.around.reported == std::vector<timestamp>{min_timestamp});
  source.rest_after(milliseconds{200});
  CHECK(
    contains(source.it.story(0, 0), "|" + std::to_string(one_read - 2) + " "));
  // The others are told once an interval, and then there is nothing to do.
  CHECK(source.it.run().deadline == milliseconds{1'000});
  CHECK(source.rest_after(milliseconds{800}).deadline
        == std::chrono::nanoseconds::max());
  CHECK(source.it.around.reported
        == std::vector<timestamp>{min_timestamp, one_read - 2});
}

TEST_CASE("a source that waits for others takes checkpoints and stops") {
  aligned_task source;
  source.it.start();
  source.it.get().allow_watermark(99);
  source.it.run_to_rest();
  checkpoint_barrier barrier;
  barrier.checkpoint_id = 1;
  source.it.get().trigger(barrier);
  source.it.run_to_rest();
  const auto& sent = source.it.around.sent;
  CHECK(std::ranges::count_if(sent,
                              [](const auto& each) {
                                return each.element.kind()
                                       == element_kind::barrier;
                              })
        == 1);
  CHECK(source.pace->read == one_read);
  REQUIRE(source.it.get().stop());
  CHECK(source.it.run_to_rest().next == step::done);
  CHECK(source.pace->read == one_read);
  CHECK(source.it.story(0, 0).ends_with("stopped end "));
}

TEST_CASE("a source that waits for others does not turn idle") {
  aligned_task source{milliseconds{1'000}};
  source.it.start();
  source.it.get().allow_watermark(99);
  source.it.run_to_rest();
  for (int i = 0; i < 50; ++i)
    source.rest_after(milliseconds{200});
  CHECK_FALSE(contains(source.it.story(0, 0), "idle"));
  CHECK(source.it.around.reported.back() == one_read - 2);
}

TEST_CASE("an idle source holds nobody back and is read above the limit") {
  aligned_task source{milliseconds{1'000}};
  source.it.start();
  source.it.run_to_rest();
  for (int i = 0; i < 20; ++i)
    source.rest_after(milliseconds{200});
  CHECK(contains(source.it.story(0, 0), "idle"));
  CHECK(source.it.around.reported.back() == max_timestamp);
  source.it.get().allow_watermark(99);
  source.pace->gate = 20'000;
  source.rest_after(milliseconds{1});
  CHECK(source.pace->read == 10'000 + one_read);
  source.rest_after(milliseconds{1'000});
  CHECK(source.it.around.reported.back() == 10'000 + one_read - 2);
}

TEST_CASE("an aligned source goes on from a snapshot with its watermark") {
  aligned_task before;
  before.it.start();
  before.it.get().allow_watermark(99);
  before.it.run_to_rest();
  before.rest_after(milliseconds{20}); // open batches go out
  auto stored = decode_task_snapshot(encode(before.it.get().capture()));
  REQUIRE(stored);
  old_vertex old;
  old.push_back(std::move(*stored));

  aligned_task after;
  after.it.start();
  const auto state = redistributed(std::span{&old, 1}, old.front().ids, 0, 1,
                                   after.it.get().channels_of_inputs());
  REQUIRE(state);
  REQUIRE(after.it.get().restore(*state));
  after.it.get().allow_watermark(99);
  after.it.run_to_rest();
  CHECK(after.it.around.reported == std::vector<timestamp>{one_read - 2});
  CHECK(after.pace->read == 0);
  after.it.get().allow_watermark(one_read);
  after.it.run_to_rest();
  CHECK(after.pace->begins == one_read);
}
