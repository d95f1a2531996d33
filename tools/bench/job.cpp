#include "tools/bench/job.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <string_view>

namespace flow::bench {

namespace {

/// The value of a label in `name{a="x",b="y"} 12`.
std::string_view label(std::string_view line, std::string_view name) {
  const auto at = line.find(std::string{name} + "=\"");
  if (at == line.npos)
    return {};
  line.remove_prefix(at + name.size() + 2);
  return line.substr(0, line.find('"'));
}

template <class Int>
Int number(std::string_view text) {
  Int result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

/// Bytes in state of all tasks together.
std::uint64_t state_bytes_in(std::string_view metrics) {
  std::uint64_t sum = 0;
  while (!metrics.empty()) {
    const std::string_view line = metrics.substr(0, metrics.find('\n'));
    metrics.remove_prefix(std::min(line.size() + 1, metrics.size()));
    if (line.starts_with("flow_task_state_bytes{"))
      sum += number<std::uint64_t>(line.substr(line.rfind(' ') + 1));
  }
  return sum;
}

/// Names the result folder to worker processes.
constexpr const char* folder_variable = "FLOW_BENCH_RESULTS";

/// Leaves a result under a name that no other writer has, as a whole.
void leave_result(const checksum& part) {
  static std::atomic<int> number{0};
  const std::filesystem::path folder{std::getenv(folder_variable)};
  const auto path =
    folder
    / (std::to_string(getpid()) + "-" + std::to_string(number.fetch_add(1)));
  std::ofstream file{path};
  file << part.count << ' ' << part.sum << '\n';
}

} // namespace

result_folder::result_folder() {
  if (in_worker_process())
    return;
  std::string name =
    (std::filesystem::temp_directory_path() / "flow-bench-XXXXXX").string();
  FLOW_ASSERT(mkdtemp(name.data()) != nullptr, "no folder for results");
  path_ = name;
  setenv(folder_variable, path_.c_str(), 1);
}

result_folder::~result_folder() {
  if (!path_.empty())
    std::filesystem::remove_all(path_);
}

void shared_checksum::add(const checksum& part) {
  if (in_worker_process()) {
    leave_result(part);
    return;
  }
  const std::lock_guard guard{mutex_};
  total_ += part;
}

checksum shared_checksum::total() {
  const std::lock_guard guard{mutex_};
  if (const char* folder = std::getenv(folder_variable))
    for (const auto& each : std::filesystem::directory_iterator{folder}) {
      checksum part;
      std::ifstream{each.path()} >> part.count >> part.sum;
      total_ += part;
      std::filesystem::remove(each.path());
    }
  return total_;
}

std::vector<vertex_counts> read_counts(std::string_view text) {
  std::map<std::string, vertex_counts, std::less<>> found;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const bool records = line.starts_with("flow_task_num_records_in_total{");
    const bool batches = line.starts_with("flow_task_num_batches_in_total{");
    const bool remote =
      line.starts_with("flow_task_num_bytes_out_remote_total{");
    if (!records && !batches && !remote)
      continue;
    const auto value = number<std::uint64_t>(line.substr(line.rfind(' ') + 1));
    const auto subtask = number<std::size_t>(label(line, "subtask"));
    const std::string name{label(line, "task")};
    vertex_counts& vertex = found[name];
    vertex.name = name;
    if (batches) {
      vertex.batches_in += value;
    } else if (remote) {
      vertex.bytes_remote += value;
    } else {
      vertex.records_in.resize(std::max(vertex.records_in.size(), subtask + 1));
      vertex.records_in[subtask] = value;
    }
  }
  std::vector<vertex_counts> result;
  for (auto& [name, vertex] : found)
    result.push_back(std::move(vertex));
  return result;
}

std::uint64_t vertex_counts::total() const {
  return std::accumulate(records_in.begin(), records_in.end(),
                         std::uint64_t{0});
}

job_options make_options(const settings& wanted) {
  job_options options;
  options.job_name = "bench";
  options.parallelism = wanted.parallelism;
  options.processes = wanted.processes > 1 ? wanted.processes : 0;
  return options;
}

stream_environment make_environment(const settings& wanted,
                                    std::uint64_t rows_per_watermark) {
  job_options options = make_options(wanted);
  options.watermark_every_rows = rows_per_watermark;
  return stream_environment{std::move(options)};
}

expected<std::vector<vertex_counts>> run_job(stream_environment& env,
                                             std::uint64_t* most_state) {
  auto job = env.execute_async();
  if (!job)
    return job.error();
  const std::chrono::milliseconds step{most_state != nullptr ? 100 : 1000};
  std::optional<job_result> result;
  while (!result) {
    result = (*job)->wait(step);
    if (most_state != nullptr)
      *most_state = std::max(*most_state, state_bytes_in((*job)->metrics()));
  }
  if (result->cause)
    return *result->cause;
  return read_counts((*job)->metrics());
}

std::string skipped_work(const std::vector<vertex_counts>& counts,
                         std::uint32_t parallelism, std::uint64_t records) {
  if (counts.empty())
    return "the job has counted nothing";
  for (const auto& vertex : counts) {
    if (vertex.total() < records)
      return "\"" + vertex.name + "\" saw " + std::to_string(vertex.total())
             + " of " + std::to_string(records) + " records";
    const std::uint64_t share = vertex.total() / (2 * parallelism);
    const auto busy =
      std::count_if(vertex.records_in.begin(), vertex.records_in.end(),
                    [share](std::uint64_t own) { return own >= share; });
    if (std::cmp_less(busy, parallelism))
      return "\"" + vertex.name + "\" has " + std::to_string(busy) + " of "
             + std::to_string(parallelism) + " subtasks that took their share";
  }
  return {};
}

std::uint64_t messages_of(const std::vector<vertex_counts>& counts) {
  std::uint64_t result = 0;
  for (const auto& vertex : counts)
    result += vertex.batches_in;
  return result;
}

} // namespace flow::bench
