#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "test/sim/simulated_run.hpp"

using namespace flow;
using namespace flow::sim;

namespace {

/// More chances than this are tried at even distances.
constexpr std::uint64_t most_runs = 150;

/// One run by this seed for each chance that the fault has in it.
/// @return how many runs there were
std::uint64_t try_every_chance(fault kind, std::uint64_t seed) {
  constexpr auto never = std::numeric_limits<std::uint64_t>::max();
  const auto calm = simulated_run{seed, single_fault{kind, never}}.to_end();
  CHECK(calm.problems.empty());
  const auto stride = std::max<std::uint64_t>(1, calm.chances / most_runs);
  std::uint64_t runs = 0;
  for (std::uint64_t chance = 0; chance < calm.chances; chance += stride) {
    const auto done = simulated_run{seed, single_fault{kind, chance}}.to_end();
    ++runs;
    CHECK(done.faults[kind] == 1);
    const std::string what = std::string{to_string(kind)} + " at chance "
                             + std::to_string(chance) + " of seed "
                             + std::to_string(seed);
    for (const auto& problem : done.problems)
      FAIL_CHECK(what << ": " << problem);
  }
  return runs;
}

} // namespace

TEST_CASE("one failure at any operation of the disk is made up for") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed)
    for (const fault kind : {fault::io_error, fault::disk_full})
      CHECK(try_every_chance(kind, seed) > 5);
}

TEST_CASE("one death at any operation of the disk or message is made up for") {
  for (std::uint64_t seed = 11; seed <= 16; ++seed)
    CHECK(try_every_chance(fault::process_crash, seed) > 100);
}

TEST_CASE("one fault of a subtask at any message is made up for") {
  for (std::uint64_t seed = 21; seed <= 24; ++seed)
    for (const fault kind :
         {fault::subtask_crash, fault::cut_link, fault::late_report})
      CHECK(try_every_chance(kind, seed) > 10);
}

TEST_CASE("reports that come twice, at once or after a restart, do no harm") {
  for (std::uint64_t seed = 25; seed <= 28; ++seed)
    for (const fault kind : {fault::doubled_report, fault::stale_reports})
      CHECK(try_every_chance(kind, seed) > 5);
}

TEST_CASE("news that is lost, late or doubled once does no harm") {
  for (std::uint64_t seed = 31; seed <= 36; ++seed)
    for (const fault kind : {fault::lost_notification, fault::late_notification,
                             fault::doubled_notification})
      CHECK(try_every_chance(kind, seed) > 5);
}

TEST_CASE("a stop at any message ends well, and the job goes on from it") {
  for (std::uint64_t seed = 41; seed <= 46; ++seed)
    CHECK(try_every_chance(fault::clean_stop, seed) > 100);
}
