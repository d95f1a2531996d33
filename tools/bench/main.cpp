#include <algorithm>
#include <iostream>
#include <span>

#include "libflow/core/exit_code.hpp"
#include "libflow/core/option_set.hpp"
#include "libflow/core/suggest.hpp"
#include "tools/bench/bench.hpp"

/// flow-bench: measures the engine against hand-written loops.
namespace flow::bench {

namespace {

/// Benches whose subject is not there yet.
constexpr std::string_view later[] = {
  "sliding",          "session", "interval-join", "checkpoint",
  "checkpoint-stall", "backend", "recovery"};

option_set options_of(settings& wanted, std::string& unbuilt, bool& help) {
  option_set options;
  options
    .add("records", &wanted.records, "N", "records of a run",
         {1, 100'000'000'000})
    .default_text("");
  options.add_choice("bytes", &wanted.bytes,
                     {{"16", 16U}, {"64", 64U}, {"4096", 4096U}},
                     "size of a record");
  options.add("batch", &wanted.batch, "N",
              "records that a source reads at once at most", {1, 1024});
  options.add("keys", &wanted.keys, "N", "different keys",
              {1, std::int64_t{1} << 32});
  options.add("most-keys", &wanted.most_keys, "N",
              "keys up to which scale goes", {100'000, std::int64_t{1} << 32});
  options
    .add("parallelism", &wanted.parallelism, "N", "subtasks of each operator",
         {1, 1024})
    .default_text("")
    .short_name('p');
  options.add("pairs", &wanted.pairs, "N",
              "pairs of runtime and baseline that are measured", {1, 1000});
  options.add("query", &wanted.only, "qN", "only this one, of nexmark");
  options.add("json", &wanted.json, "one JSON object a line");
  options.add("help", &help, "this text");
  options.add("state", &unbuilt, "SIZE", "size of the state")
    .default_text("")
    .built(false);
  options.add("backend", &unbuilt, "memory|filesystem", "where state lives")
    .default_text("")
    .built(false);
  options.add("rate", &unbuilt, "N", "records per second, of latency")
    .default_text("")
    .built(false);
  options.add("per", &unbuilt, "row", "what sliding is measured by")
    .default_text("")
    .built(false);
  options.add("processes", &wanted.processes, "N", "processes of the job",
              {1, 1024});
  options.check([&wanted]() -> expected<void> {
    if (wanted.processes > 1 && !wanted.any_processes)
      return error{error_code::invalid_argument,
                   "--processes: this bench runs in one process"};
    if (wanted.bytes != 16 && !wanted.any_bytes)
      return error{error_code::invalid_argument,
                   "--bytes: this bench has records of 16 bytes only"};
    return {};
  });
  return options;
}

void print_indented(std::string_view label, std::string_view text) {
  std::string line{"  "};
  line += label;
  append_wrapped(line, text, 10);
  std::cout << line;
}

int print_help() {
  settings wanted;
  std::string unbuilt;
  bool help = false;
  std::cout
    << "flow-bench BENCH [options]\n\n"
       "Runs a job and a hand-written program that computes the same, in\n"
       "turns, and compares the CPU time of the whole process.\n\n";
  for (const auto& each : all_benches()) {
    std::cout << each.name << '\n';
    print_indented("does  ", each.what);
    print_indented("input ", each.input);
    print_indented("bar   ", each.bar);
    print_indented("runs  ", std::to_string(each.defaults.records)
                               + " records at parallelism "
                               + std::to_string(each.defaults.parallelism)
                               + " unless told otherwise");
  }
  std::cout << "\nOptions\n" << options_of(wanted, unbuilt, help).help();
  return to_int(exit_code::ok);
}

int refuse(const std::string& why) {
  std::cerr << "flow-bench: " << why << '\n';
  return to_int(exit_code::usage);
}

int refuse_bench(const std::string& name) {
  if (std::find(std::begin(later), std::end(later), name) != std::end(later))
    return refuse("the bench \"" + name + "\" is not built yet");
  std::string names;
  for (const auto& each : all_benches())
    names.append(names.empty() ? "" : ", ").append(each.name);
  return refuse("there is no bench \"" + name + "\"; there are " + names);
}

int run(const description& bench, std::span<const std::string> arguments) {
  settings wanted = bench.defaults;
  std::string unbuilt;
  bool help = false;
  auto options = options_of(wanted, unbuilt, help);
  if (auto parsed = options.parse(arguments); !parsed)
    return refuse(parsed.error().text);
  if (help)
    return print_help();
  const auto ended = bench.run(wanted);
  if (!ended) {
    std::cerr << "flow-bench: " << ended.error().text << '\n';
    return to_int(exit_code::failed);
  }
  return to_int(*ended == outcome::defect ? exit_code::failed : exit_code::ok);
}

int run(std::span<const std::string> arguments) {
  if (arguments.empty())
    return refuse("which bench? flow-bench --help lists them");
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h")
    return print_help();
  const auto& benches = all_benches();
  const auto found =
    std::find_if(benches.begin(), benches.end(),
                 [&](const description& each) { return each.name == name; });
  return found == benches.end() ? refuse_bench(name)
                                : run(*found, arguments.subspan(1));
}

} // namespace

} // namespace flow::bench

int main(int argc, char** argv) {
  const std::vector<std::string> arguments{argv + 1, argv + argc};
  return flow::bench::run(arguments);
}
