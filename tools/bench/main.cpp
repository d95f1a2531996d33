#include <algorithm>
#include <iostream>
#include <optional>
#include <span>

#include "libflow/core/exit_code.hpp"
#include "libflow/core/option_set.hpp"
#include "libflow/core/suggest.hpp"
#include "tools/bench/bench.hpp"

/// flow-bench: measures the engine against hand-written loops.
namespace flow::bench {

namespace {

option_set options_of(settings& wanted, bool& help) {
  option_set options;
  options
    .add("records", &wanted.records, "N",
         "records of a run (as many bytes of those beyond 64)",
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
  options.add(
    "pairs", &wanted.pairs, "N",
    "pairs of runtime and baseline that are measured; one alone is never "
    "repeated",
    {1, 1000});
  options.add("query", &wanted.only, "qN", "only this one, of nexmark");
  options.add("json", &wanted.json, "one JSON object a line");
  options.add("help", &help, "this text");
  options.add_size("state", &wanted.state, "size of the state")
    .default_text("");
  options
    .add_choice("backend", &wanted.backend,
                {{"memory", state_backend_kind::memory},
                 {"filesystem", state_backend_kind::filesystem}},
                "where checkpoints go; without it all that the bench has")
    .default_text("");
  options
    .add("rate", &wanted.rate, "N", "records per second, of latency",
         {1, 100'000'000})
    .default_text("");
  options
    .add_choice("per", &wanted.per_row, {{"row", true}},
                "what sliding is measured by")
    .default_text("");
  options.add("processes", &wanted.processes, "N", "processes of the job",
              {1, 1024});
  options.check([&wanted]() -> expected<void> {
    if (wanted.processes > 1 && !wanted.any_processes)
      return error{error_code::invalid_argument,
                   "--processes: this bench runs in one process"};
    if (wanted.rate > 0 && !wanted.any_rate)
      return error{error_code::invalid_argument, "--rate: this bench has none"};
    if (wanted.state > 0 && !wanted.any_state)
      return error{error_code::invalid_argument,
                   "--state: this bench has no checkpoints"};
    if (wanted.backend && !wanted.any_state)
      return error{error_code::invalid_argument,
                   "--backend: this bench has no checkpoints"};
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
  std::cout << "\nOptions\n" << options_of(wanted, help).help();
  return to_int(exit_code::ok);
}

int refuse(const std::string& why) {
  std::cerr << "flow-bench: " << why << '\n';
  return to_int(exit_code::usage);
}

int refuse_bench(const std::string& name) {
  std::string names;
  for (const auto& each : all_benches())
    names.append(names.empty() ? "" : ", ").append(each.name);
  return refuse("there is no bench \"" + name + "\"; there are " + names);
}

const description* find_bench(std::string_view name) {
  for (const auto& each : all_benches())
    if (each.name == name)
      return &each;
  return nullptr;
}

/// Under which name the bench stands that these options ask for.
std::string name_with_flags(const std::string& name, const settings& wanted) {
  if (wanted.per_row)
    return name + " --per row";
  if (wanted.rate > highest_exchange_rate)
    return name + " --rate 1000000";
  return name;
}

/// As many bytes as in records of 64 bytes at most.
std::uint64_t default_records(const description& bench, std::uint64_t bytes) {
  return bench.defaults.records * 64 / std::max<std::uint64_t>(bytes, 64);
}

/// Options on top of a bench's defaults; nullopt: it has ended with `code`.
std::optional<settings> parse(const description& bench,
                              std::span<const std::string> arguments,
                              int& code) {
  settings wanted = bench.defaults;
  wanted.records = 0;
  bool help = false;
  auto options = options_of(wanted, help);
  if (auto parsed = options.parse(arguments); !parsed) {
    code = refuse(parsed.error().text);
    return std::nullopt;
  }
  if (help) {
    code = print_help();
    return std::nullopt;
  }
  if (wanted.records == 0)
    wanted.records = default_records(bench, wanted.bytes);
  return wanted;
}

int run(const description& named, std::span<const std::string> arguments) {
  int code = 0;
  auto wanted = parse(named, arguments, code);
  if (!wanted)
    return code;
  const std::string name = name_with_flags(std::string{named.name}, *wanted);
  const description* chosen = find_bench(name);
  if (chosen == nullptr)
    return refuse("there is no bench \"" + name + '"');
  if (chosen != &named)
    wanted = parse(*chosen, arguments, code);
  const auto ended = chosen->run(*wanted);
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
  const description* found = find_bench(name);
  return found == nullptr ? refuse_bench(name)
                          : run(*found, arguments.subspan(1));
}

} // namespace

} // namespace flow::bench

int main(int argc, char** argv) {
  const std::vector<std::string> arguments{argv + 1, argv + argc};
  return flow::bench::run(arguments);
}
