#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libflow/core/exit_code.hpp"
#include "tools/harness/kinds.hpp"
#include "tools/harness/runner.hpp"

namespace flow::harness {

namespace {

constexpr const char* usage =
  R"(usage: flow-harness [--rerun restore|batches] [--accept FILE] FILE.json...
       flow-harness --list

Runs the cases of case files through libflow's operators and prints for each
`pass`, `skip` or `FAIL` with the step, then a summary. The format is described
in docs/testing.md.

  --rerun restore   runs each case again with a snapshot and a new instance
                    before every step
  --rerun batches   runs each case again with elements in batches
  --accept FILE     known deviations, a line each: `suite/id: reason`
  --list            kinds of operators and functions that cases may name

exit codes: 0 no case failed; 1 some did; 2 usage; 3 a file is not there;
6 a file is not of the format
)";

struct arguments {
  std::vector<rerun> runs{rerun::none};
  std::optional<std::string> accept;
  bool list = false;
  std::vector<std::string> files;
};

[[noreturn]] void fail(exit_code code, const std::string& text) {
  std::cerr << "error: " << text << '\n';
  std::exit(static_cast<int>(code));
}

arguments parse(int argc, char** argv) {
  arguments result;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    auto next = [&]() -> std::string {
      if (++i == argc)
        fail(exit_code::usage, arg + " needs a value; see flow-harness --help");
      return argv[i];
    };
    if (arg == "--help" || arg == "-h") {
      std::cout << usage;
      std::exit(0);
    } else if (arg == "--list") {
      result.list = true;
    } else if (arg == "--accept") {
      result.accept = next();
    } else if (arg == "--rerun") {
      const std::string how = next();
      if (how != "restore" && how != "batches")
        fail(exit_code::usage, "--rerun takes restore or batches, got " + how);
      result.runs.push_back(how == "restore" ? rerun::restore : rerun::batches);
    } else if (arg.starts_with("-") && arg != "-") {
      fail(exit_code::usage,
           "unknown option " + arg + "; see flow-harness --help");
    } else {
      result.files.push_back(arg);
    }
  }
  if (!result.list && result.files.empty())
    fail(exit_code::usage, "no case file; see flow-harness --help");
  return result;
}

/// Reasons by `suite/id`.
std::map<std::string, std::string>
read_accepted(const std::optional<std::string>& path) {
  std::map<std::string, std::string> result;
  if (!path)
    return result;
  std::ifstream file(*path);
  if (!file)
    fail(exit_code::not_found, *path + ": cannot be read");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.empty() || line.front() == '#')
      continue;
    if (colon == std::string::npos)
      fail(exit_code::damaged, *path + ": no \"suite/id: reason\": " + line);
    result.emplace(line.substr(0, colon), line.substr(colon + 2));
  }
  return result;
}

class report {
public:
  explicit report(std::map<std::string, std::string> accepted)
    : accepted_(std::move(accepted)) {}

  void add(const std::string& name, const case_result& result) {
    switch (result.outcome) {
    case verdict::passed:
      ++passed_;
      std::cout << "pass " << name << '\n';
      return;
    case verdict::skipped:
      ++skipped_;
      std::cout << "skip " << name << " (" << result.why << ")\n";
      return;
    case verdict::failed:
      break;
    }
    const auto known = accepted_.find(name);
    if (known == accepted_.end()) {
      ++failed_;
      std::cout << "FAIL " << name << ' ' << result.why << '\n';
    } else {
      std::cout << "accepted " << name << ' ' << result.why << '\n';
      deviations_.emplace(*known);
    }
  }

  /// @return the exit code
  int summarise() const {
    for (const auto& [name, reason] : deviations_)
      std::cout << "accepted deviation " << name << ": " << reason << '\n';
    std::cout << passed_ << " passed, " << skipped_ << " skipped, "
              << deviations_.size() << " accepted, " << failed_ << " failed\n";
    return failed_ > 0 ? 1 : 0;
  }

private:
  std::map<std::string, std::string> accepted_;
  std::map<std::string, std::string> deviations_;
  std::size_t passed_ = 0;
  std::size_t skipped_ = 0;
  std::size_t failed_ = 0;
};

/// The first run that does not pass decides.
case_result run_all(const test_case& which, const std::vector<rerun>& runs) {
  case_result first;
  for (const rerun how : runs) {
    case_result result = run_case(which, how);
    if (how != rerun::none && result.outcome == verdict::failed)
      result.why +=
        how == rerun::restore ? " (rerun restore)" : " (rerun batches)";
    if (result.outcome == verdict::failed)
      return result;
    if (how == rerun::none)
      first = result;
  }
  return first;
}

int list() {
  for (const auto& kind : operator_kinds())
    std::cout << "operator " << kind.name << '\n';
  for (const auto& name : function_names())
    std::cout << name << '\n';
  return 0;
}

int run(int argc, char** argv) {
  const arguments args = parse(argc, argv);
  if (args.list)
    return list();
  report result{read_accepted(args.accept)};
  for (const auto& path : args.files) {
    const auto cases = read_case_file(path);
    if (!cases)
      fail(cases.error().code == error_code::not_found ? exit_code::not_found
                                                       : exit_code::damaged,
           cases.error().text);
    for (const test_case& each : *cases)
      result.add(each.name(), run_all(each, args.runs));
  }
  return result.summarise();
}

} // namespace

} // namespace flow::harness

int main(int argc, char** argv) {
  return flow::harness::run(argc, argv);
}
