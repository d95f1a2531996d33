#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/support/background_threads.hpp"
#include "test/actors/ledger.hpp"
#include "test/sim/more_branches.hpp"

using namespace flow;
using namespace flow::sim;
using namespace std::chrono_literals;

namespace {

const numbers_settings all_numbers{
  .keys = 24, .per_key = 140, .burst = 4, .rest = 4ms};

/// Values by (key, id); none: any.
using row_map =
  std::map<std::pair<std::int64_t, std::int64_t>, std::optional<std::int64_t>>;

/// One operator, and what it has to write whatever happens meanwhile.
struct work {
  std::string name;
  std::function<data_stream<branch_row>(stream_environment&,
                                        const data_stream<numbered>&)>
    add;
  row_map wanted;
};

work work_of(branch what, const std::shared_ptr<executor>& answerer) {
  const branch_settings settings{what, all_numbers, false};
  work result;
  result.name = branch_names[static_cast<std::size_t>(what)];
  result.add = [=](stream_environment& env,
                   const data_stream<numbered>& numbers) {
    return add_branch(settings, env, numbers, answerer);
  };
  const auto expected = rows_of(settings);
  for (const auto& [place, value] : expected.rows)
    if (value.certain)
      result.wanted.emplace(place, value.exact);
  return result;
}

work count_windows() {
  work result;
  result.name = "count windows";
  result.add = [](stream_environment&, const data_stream<numbered>& numbers) {
    return sum_fives(numbers);
  };
  for (std::int64_t key = 0; key < all_numbers.keys; ++key)
    for (std::int64_t last = counted_together - 1; last < all_numbers.per_key;
         last += counted_together) {
      auto& sum = result.wanted[{key, last}];
      sum = 0;
      for (std::int64_t i = 0; i < counted_together; ++i)
        *sum += last - i;
    }
  return result;
}

work operator_lists() {
  work result;
  result.name = "operator lists";
  result.add = [](stream_environment&, const data_stream<numbered>& numbers) {
    return hold_back(numbers, all_numbers.keys);
  };
  for (std::int64_t key = 0; key < all_numbers.keys; ++key)
    for (std::int64_t seq = 0; seq < all_numbers.per_key; ++seq)
      result.wanted[{key, seq}] = 0;
  return result;
}

std::vector<work> all_works() {
  const auto answerer = std::make_shared<background_threads>(1);
  return {work_of(branch::sessions, answerer),
          work_of(branch::interval_join, answerer),
          work_of(branch::timers, answerer),
          work_of(branch::growing_rules, answerer),
          work_of(branch::async_ordered, answerer),
          work_of(branch::async_unordered, answerer),
          count_windows(),
          operator_lists()};
}

job_options options_for(const work& what, const temporary_folder& in,
                        std::uint32_t parallelism, bool goes_on) {
  job_options options;
  options.job_name = what.name;
  options.parallelism = parallelism;
  options.auto_watermark_interval = duration_ms{10};
  options.checkpoints.interval = duration_ms{20};
  options.checkpoints.dir = in.path.string();
  options.checkpoints.retention = checkpoint_retention::retain_on_cancellation;
  if (goes_on)
    options.restore = "latest";
  return options;
}

/// Runs until so many rows are committed and gives up; 0: to the end.
void run(const work& what, job_options options,
         const std::shared_ptr<ledger<branch_row>>& to, std::size_t until) {
  stream_environment env{std::move(options)};
  auto numbers = env.from_source<numbered>(make_numbers(all_numbers));
  numbers.uid("numbers");
  auto timed =
    numbers.assign_timestamps_and_watermarks(bounded_out_of_orderness(
      duration_ms{0}, [](const numbered& each) { return time_of(each.seq); }));
  timed.uid("time");
  auto rows = what.add(env, timed);
  rows.uid("work");
  rows.sink_to(sink_into(to)).uid("into");
  auto job = env.execute_async();
  REQUIRE_MESSAGE(job, (job ? "" : job.error().text));
  std::optional<job_result> ended;
  while (until > 0 && to->size() < until && !ended)
    ended = (*job)->wait(2ms);
  REQUIRE_MESSAGE(
    !ended, "the job has ended before it was given up: "
              << (ended && ended->cause ? ended->cause->text : "by itself"));
  if (until > 0)
    (*job)->cancel();
  ended = (*job)->wait(30s);
  REQUIRE(ended);
  CHECK_MESSAGE(
    ended->outcome
      == (until > 0 ? job_outcome::cancelled : job_outcome::finished),
    (ended->cause ? ended->cause->text : ""));
}

void check_rows(const work& what, const std::vector<branch_row>& rows) {
  row_map found;
  for (const branch_row& each : rows) {
    if (each.id < 0)
      continue; // whether it comes is up to the clock
    CAPTURE(each.key);
    CAPTURE(each.id);
    const bool first =
      found.emplace(std::pair{each.key, each.id}, each.value).second;
    CHECK_MESSAGE(first, "a row came twice");
    const auto wanted = what.wanted.find({each.key, each.id});
    REQUIRE_MESSAGE(wanted != what.wanted.end(), "a row that is foreign");
    if (wanted->second)
      CHECK(each.value == *wanted->second);
  }
  CHECK(found.size() == what.wanted.size());
}

} // namespace

TEST_CASE("each operator goes on at another parallelism, and at the same") {
  constexpr std::uint32_t path[] = {1, 3, 2, 2};
  constexpr std::size_t legs = std::size(path);
  for (const work& what : all_works()) {
    CAPTURE(what.name);
    const temporary_folder in;
    const auto to = std::make_shared<ledger<branch_row>>();
    for (std::size_t leg = 0; leg < legs; ++leg) {
      CAPTURE(leg);
      const bool is_last = leg + 1 == legs;
      run(what, options_for(what, in, path[leg], leg > 0), to,
          is_last ? 0 : what.wanted.size() * (leg + 1) / (legs + 1));
    }
    check_rows(what, to->all_rows());
  }
}
