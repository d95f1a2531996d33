#include "actors/subtask/task_snapshot.hpp"

#include <random>

#include "libflow/core/crc32c.hpp"
#include "test/actors/task_fixture.hpp"
#include "test/support/test_seed.hpp"

using namespace flow;
using step = task_harness::step;
using std::chrono::milliseconds;

namespace {

restored_task state_for(task_harness& it, std::span<const byte_string> stored,
                        std::uint32_t index, std::uint32_t parallelism) {
  old_vertex old;
  for (const auto& bytes : stored) {
    auto read = decode_task_snapshot(bytes);
    REQUIRE_MESSAGE(read, (read ? "" : read.error().text));
    old.push_back(std::move(*read));
  }
  const auto ids = old.front().ids;
  auto state = redistributed(std::span{&old, 1}, ids, index, parallelism,
                             it.get().channels_of_inputs());
  REQUIRE(state);
  return std::move(*state);
}

/// Opens a task that goes on where the stored ones stood.
void restore(task_harness& it, std::span<const byte_string> stored,
             std::uint32_t index = 0, std::uint32_t parallelism = 1) {
  it.start();
  const auto done = it.get().restore(state_for(it, stored, index, parallelism));
  REQUIRE_MESSAGE(done, (done ? "" : done.error().text));
}

using make_environment = std::function<stream_environment()>;

/// What a task sends on one channel, records and rising watermarks, when it
/// is replaced by a restored one after every `every`-th batch (0: never).
std::string story_with_restores(const make_environment& make,
                                const std::string& name,
                                const std::vector<std::int64_t>& records,
                                std::size_t every) {
  const stream_environment env = make();
  task_settings settings;
  settings.watermark_every_rows = 10;
  auto it = std::make_unique<task_harness>(env, name, 0, settings);
  it->start();
  std::string story;
  auto collect = [&] {
    it->time.advance(milliseconds{20}); // open batches go out
    it->run_to_rest();
    story += it->story(0, 0);
    it->around.sent.clear();
  };
  for (std::size_t at = 0, batch = 1; at < records.size(); at += 7, ++batch) {
    const auto first = records.begin() + static_cast<std::ptrdiff_t>(at);
    const auto count = static_cast<std::ptrdiff_t>(
      std::min<std::size_t>(7, records.size() - at));
    it->feed(0, std::vector<std::int64_t>{first, first + count},
             static_cast<timestamp>(at), static_cast<timestamp>(at));
    it->run_to_rest();
    collect();
    if (every == 0 || batch % every != 0)
      continue;
    const byte_string stored[] = {encode(it->get().capture())};
    it = std::make_unique<task_harness>(env, name, 0, settings);
    restore(*it, stored);
    // What the restored chain repeats has been sent before.
    it->around.sent.clear();
  }
  return story;
}

void check_restores(const make_environment& make, const std::string& name) {
  std::mt19937_64 random{test_seed()};
  std::vector<std::int64_t> records(200);
  for (auto& each : records)
    each = static_cast<std::int64_t>(random() % 40);
  const std::string wanted = story_with_restores(make, name, records, 0);
  CHECK(wanted.size() > 50);
  for (const std::size_t every : {1U, 2U, 5U})
    CHECK(story_with_restores(make, name, records, every) == wanted);
}

} // namespace

TEST_CASE("map, filter, flat_map and process go on after a restore") {
  check_restores(
    [] {
      stream_environment env{test_options()};
      end_apart(input_stream(env)
                  .map([](std::int64_t x) { return x + 1; })
                  .name("head")
                  .filter([](std::int64_t x) { return x % 3 != 0; })
                  .flat_map([](std::int64_t x, collector<std::int64_t>& out) {
                    out.emit(x);
                    out.emit(-x);
                  })
                  .process([](std::int64_t x, process_context& context,
                              collector<std::int64_t>& out) {
                    out.emit(x ^ context.current_watermark());
                  }));
      return env;
    },
    "head");
}

TEST_CASE("watermarks and what is below them go on after a restore") {
  check_restores(
    [] {
      stream_environment env{test_options()};
      end_apart(input_stream(env)
                  .assign_timestamps_and_watermarks(bounded_out_of_orderness(
                    milliseconds{5}, [](std::int64_t x) { return x; }))
                  .name("marks")
                  .process([](std::int64_t x, process_context& context,
                              collector<std::int64_t>& out) {
                    out.emit(x);
                    out.emit(context.current_watermark());
                  }));
      return env;
    },
    "marks");
}

TEST_CASE("a rolling reduce goes on after a restore") {
  check_restores(
    [] {
      stream_environment env{test_options()};
      end_apart(input_stream(env)
                  .key_by([](std::int64_t x) { return x % 5; })
                  .reduce([](std::int64_t a, std::int64_t b) { return a + b; })
                  .name("sums"));
      return env;
    },
    "sums");
}

TEST_CASE("a keyed process with value state goes on after a restore") {
  struct count_and_sum {
    void open(keyed_runtime_context<std::int64_t>& context) {
      count = context.state(value_state_descriptor<std::int64_t>{"count"});
      sum = context.state(value_state_descriptor<std::int64_t>{"sum"});
    }
    void process(std::int64_t x, keyed_context<std::int64_t>& context,
                 collector<std::int64_t>& out) {
      count.update([](std::int64_t& n) { ++n; });
      sum.set(sum.value() + x);
      out.emit(context.key() * 1'000'000 + count.value() * 10'000
               + sum.value());
      if (count.value() == 7)
        count.clear();
    }
    value_state<std::int64_t> count;
    value_state<std::int64_t> sum;
  };
  check_restores(
    [] {
      stream_environment env{test_options()};
      end_apart(input_stream(env)
                  .key_by([](std::int64_t x) { return x % 5; })
                  .process<std::int64_t>(count_and_sum{})
                  .name("counts"));
      return env;
    },
    "counts");
}

TEST_CASE("open windows go on after a restore") {
  check_restores(
    [] {
      stream_environment env{test_options()};
      end_apart(input_stream(env)
                  .key_by([](std::int64_t x) { return x % 5; })
                  .window(tumbling_event_time(milliseconds{30}))
                  .reduce([](std::int64_t a, std::int64_t b) { return a + b; })
                  .name("sums"));
      return env;
    },
    "sums");
}

TEST_CASE("windows keep the order of their records through a restore") {
  check_restores(
    [] {
      stream_environment env{test_options()};
      end_apart(
        input_stream(env)
          .key_by([](std::int64_t x) { return x % 5; })
          .window(tumbling_event_time(milliseconds{30}))
          .allowed_lateness(milliseconds{40})
          .process<std::int64_t>([](const window_context<std::int64_t>& where,
                                    std::span<const std::int64_t> all,
                                    collector<std::int64_t>& out) {
            out.emit(where.key() * 1'000'000 + where.window().start);
            for (const auto x : all)
              out.emit(x);
          })
          .name("lists"));
      return env;
    },
    "lists");
}

TEST_CASE("a sequence is read on after a restore, at another parallelism too") {
  auto make = [](std::uint32_t parallelism) {
    stream_environment env{test_options(parallelism)};
    end_apart(env.from_sequence(1, 10'000)
                .map([](std::int64_t x) { return x; })
                .name("m"),
              1);
    return env;
  };
  for (const std::uint32_t after : {1U, 2U, 3U, 5U}) {
    std::vector<byte_string> stored;
    std::vector<std::int64_t> got;
    auto take = [&](const task_harness& it) {
      const auto values = it.values<std::int64_t>();
      got.insert(got.end(), values.begin(), values.end());
    };
    const auto before = make(2);
    for (std::uint32_t i = 0; i < 2; ++i) {
      task_settings settings;
      settings.source_rate = 1000;
      task_harness it{before, "m", i, settings};
      it.start();
      it.run_to_rest();
      it.time.advance(milliseconds{500 + 700 * i});
      it.run_to_rest();
      it.time.advance(milliseconds{20});
      it.run_to_rest();
      take(it);
      stored.push_back(encode(it.get().capture()));
    }
    CHECK(got.size() > 1000);
    CHECK(got.size() < 9000);
    const auto env = make(after);
    for (std::uint32_t i = 0; i < after; ++i) {
      task_harness it{env, "m", i};
      restore(it, stored, i, after);
      CHECK(it.run_to_rest().next == step::done);
      take(it);
    }
    std::sort(got.begin(), got.end());
    CHECK((got == numbers(1, 10'000)));
  }
}

TEST_CASE("a collection is read on after a restore") {
  stream_environment env{test_options()};
  end_apart(env.from_collection(numbers(1, 5000))
              .map([](std::int64_t x) { return x; })
              .name("m"));
  task_harness first{env, "m"};
  first.open();
  first.grant_port(0, 3);
  first.run();
  first.grant_port(0, 8);
  task_harness second{env, "m"};
  // The overdraft has to be gone before a snapshot.
  const byte_string stored[] = {encode(first.get().capture())};
  restore(second, stored);
  second.run_to_rest();
  auto got = first.values<std::int64_t>();
  const auto rest = second.values<std::int64_t>();
  got.insert(got.end(), rest.begin(), rest.end());
  CHECK(got == numbers(1, 5000));
}

TEST_CASE("the combined watermark comes before the first record") {
  stream_environment env{test_options()};
  auto make = [&] { return input_stream(env); };
  end_apart(make()
              .union_with(make())
              .process([](std::int64_t, process_context& context,
                          collector<std::int64_t>& out) {
                out.emit(context.current_watermark());
              })
              .name("both"));
  task_harness first{env, "both"};
  first.start();
  first.feed(0, stream_element::of_watermark(10));
  first.feed(1, stream_element::of_watermark(20));
  first.run_to_rest();
  const byte_string stored[] = {encode(first.get().capture())};
  task_harness second{env, "both"};
  restore(second, stored);
  second.feed(0, numbers(1, 1));
  second.feed(0, stream_element::of_watermark(15));
  second.run_to_rest();
  CHECK(second.story(0, 0) == "|10 10 |15 ");
}

TEST_CASE("damaged snapshots are refused") {
  stream_environment env{test_options()};
  end_apart(input_stream(env)
              .key_by([](std::int64_t x) { return x % 5; })
              .reduce([](std::int64_t a, std::int64_t b) { return a + b; })
              .name("sums"));
  task_harness it{env, "sums"};
  it.start();
  it.feed(0, numbers(1, 100), 5);
  it.run_to_rest();
  const byte_string bytes = encode(it.get().capture());
  CHECK(decode_task_snapshot(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(decode_task_snapshot(std::span{bytes}.first(size)));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    byte_string other = bytes;
    other[at] ^= std::byte{0x10};
    CHECK_FALSE(decode_task_snapshot(other));
  }
}

TEST_CASE("states of one size have sums of their own") {
  const auto sum_of = [](timestamp watermark) {
    task_capture_writer writer{{{}, {}, {{{watermark}, watermark}}}};
    byte_string bytes;
    while (writer.write_some(bytes)) {
    }
    CHECK(writer.checksum() == crc32c(bytes));
    return writer.checksum();
  };
  CHECK(sum_of(1) != sum_of(2));
}

TEST_CASE("a state of another version is said to be one") {
  byte_string bytes = encode(task_capture{});
  bytes[bytes.size() - 6] = std::byte{3};
  const auto read = decode_task_snapshot(bytes);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == error_code::incompatible);
  CHECK(read.error().text
        == "state of a task: version 3, this program reads 4");
}

TEST_CASE("state that an operator cannot read is not tried again") {
  stream_environment env{test_options()};
  end_apart(input_stream(env)
              .key_by([](std::int64_t x) { return x % 5; })
              .reduce([](std::int64_t a, std::int64_t b) { return a + b; })
              .name("sums"));
  task_harness it{env, "sums"};
  it.start();
  it.feed(0, numbers(1, 100), 5);
  it.run_to_rest();
  const byte_string stored[] = {encode(it.get().capture())};
  task_harness again{env, "sums"};
  again.start();
  auto state = state_for(again, stored, 0, 1);
  auto& keyed = state.operators.front()->front().keyed;
  REQUIRE_FALSE(keyed.empty());
  keyed.pop_back();
  const auto done = again.get().restore(state);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == error_code::corrupt_data);
  CHECK(done.error().severity == error_severity::fatal);
}
