/// Runs the whole cluster in one thread, by seeds, in a world where everything
/// goes wrong, and checks from outside that what must hold does.

#include <array>
#include <ctime>
#include <iostream>
#include <optional>
#include <string>

#include "libflow/core/exit_code.hpp"
#include "test/sim/simulated_run.hpp"

namespace flow::sim {
namespace {

constexpr std::string_view help =
  R"(usage: flow-sim --seeds A..B [--require-all]
       flow-sim --trace SEED

Runs a job on an embedded cluster in one thread, once for each seed from A to
B. The seed decides the order of messages, the passing of (virtual) time, and
what fails: actors, processes, disks, links, notifications. Checked from
outside: no record lost or doubled, watermarks never go back, checkpoints
complete in order, and do where nothing has gone wrong; visible files never
change, nothing is left behind.

  --seeds A..B   seeds to run; those that fail are printed
  --require-all  a kind of fault that never struck is a failure, and when no
                 checkpoint completed undisturbed
  --trace SEED   one run, with a line for every message and fault
  --help         this text

Ends with 0 when all seeds hold, else with 1.
)";

struct seed_range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

std::optional<std::uint64_t> number_of(const std::string& text) {
  if (text.empty() || text.size() > 18
      || text.find_first_not_of("0123456789") != std::string::npos)
    return {};
  return std::stoull(text);
}

std::optional<seed_range> range_of(const std::string& text) {
  const auto dots = text.find("..");
  if (dots == std::string::npos)
    return {};
  const auto first = number_of(text.substr(0, dots));
  const auto last = number_of(text.substr(dots + 2));
  if (!first || !last || *first > *last)
    return {};
  return seed_range{*first, *last};
}

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

void print_problems(std::uint64_t seed, const run_result& result) {
  constexpr std::size_t most = 5;
  std::cout << "seed " << seed << " FAILED\n";
  for (std::size_t i = 0; i < result.problems.size() && i < most; ++i)
    std::cout << "  " << result.problems[i] << '\n';
  if (result.problems.size() > most)
    std::cout << "  and " << result.problems.size() - most << " more\n";
  std::cout << std::flush;
}

int run_seeds(seed_range seeds, bool require_all) {
  fault_counts faults;
  std::array<std::uint64_t, branches> jobs{};
  std::uint64_t at_least_once = 0;
  std::uint64_t two_regions = 0;
  std::uint64_t failed = 0;
  std::uint64_t messages = 0;
  std::uint64_t processes = 0;
  std::uint64_t restarts = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t undisturbed = 0;
  double slowest = 0;
  const double began = cpu_seconds();
  for (auto seed = seeds.first; seed <= seeds.last; ++seed) {
    const double before = cpu_seconds();
    const auto result = simulated_run{seed}.to_end();
    slowest = std::max(slowest, cpu_seconds() - before);
    faults += result.faults;
    ++jobs[static_cast<std::size_t>(result.job.second)];
    at_least_once += result.job.at_least_once ? 1 : 0;
    two_regions += result.job.two_regions ? 1 : 0;
    messages += result.messages;
    processes += result.processes;
    restarts += result.restarts;
    checkpoints += result.checkpoints;
    undisturbed += result.undisturbed;
    if (result.problems.empty())
      continue;
    ++failed;
    print_problems(seed, result);
  }
  const auto count = seeds.last - seeds.first + 1;
  for (std::size_t i = 0; i < branches; ++i)
    std::cout << "job " << branch_names[i] << ' ' << jobs[i] << '\n';
  std::cout << "job at_least_once " << at_least_once << '\n'
            << "job two_regions " << two_regions << '\n';
  for (std::size_t i = 0; i < fault_kinds; ++i) {
    const auto kind = static_cast<fault>(i);
    std::cout << to_string(kind) << ' ' << faults[kind] << '\n';
    if (require_all && faults[kind] == 0) {
      ++failed;
      std::cout << "  FAILED: never struck\n";
    }
  }
  std::cout << "checkpoints_undisturbed " << undisturbed << '\n';
  if (require_all && undisturbed == 0) {
    ++failed;
    std::cout << "  FAILED: none to judge by\n";
  }
  std::cout << "seeds " << count << " failed " << failed << " messages "
            << messages << " processes " << processes << " restarts "
            << restarts << " checkpoints " << checkpoints << " cpu_s_per_seed "
            << (cpu_seconds() - began) / static_cast<double>(count)
            << " cpu_s_slowest " << slowest << std::endl;
  return to_int(failed == 0 ? exit_code::ok : exit_code::failed);
}

int run_traced(std::uint64_t seed) {
  const auto result = simulated_run{
    seed, [](const std::string& line) {
      std::cout << line << '\n';
    }}.to_end();
  if (result.problems.empty()) {
    std::cout << "seed " << seed << " ok" << std::endl;
    return to_int(exit_code::ok);
  }
  print_problems(seed, result);
  return to_int(exit_code::failed);
}

int usage(const std::string& why) {
  std::cerr << "flow-sim: " << why << "; see flow-sim --help\n";
  return to_int(exit_code::usage);
}

int run(int argc, char** argv) {
  std::optional<seed_range> seeds;
  std::optional<std::uint64_t> traced;
  bool require_all = false;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (option == "--help" || option == "-h") {
      std::cout << help;
      return to_int(exit_code::ok);
    }
    if (option == "--require-all") {
      require_all = true;
      continue;
    }
    if (option == "--seeds")
      seeds = range_of(value);
    else if (option == "--trace")
      traced = number_of(value);
    else
      return usage("unknown option " + option);
    if (!seeds && !traced)
      return usage("\"" + value + "\" is no value for " + option);
    ++i;
  }
  if (traced)
    return run_traced(*traced);
  if (seeds)
    return run_seeds(*seeds, require_all);
  return usage("nothing to do");
}

} // namespace
} // namespace flow::sim

int main(int argc, char** argv) {
  return flow::sim::run(argc, argv);
}
