#include "test/sim/sim_job.hpp"

#include <algorithm>
#include <set>
#include <sstream>

#include "libflow/connectors/files/file_sink.hpp"

namespace flow::sim {

namespace {

struct numbered {
  std::int64_t key = 0;
  std::int64_t seq = 0;
};

/// Takes every parallelism-th key and always goes on with the key that is
/// furthest behind, so that a reader's records are in order of time, whoever
/// read the keys before.
class numbers_reader final : public source_reader<numbered> {
public:
  explicit numbers_reader(sim_job job) : job_(job) {}

  expected<void> open(source_context& context) override {
    for (std::int64_t key = context.subtask_index(); key < job_.keys;
         key += context.parallelism())
      next_.emplace(0, key);
    return {};
  }

  expected<poll_result> poll(record_batch<numbered>& out,
                             std::size_t room) override {
    const auto count = std::min(room, static_cast<std::size_t>(job_.burst));
    for (std::size_t i = 0; i < count && !next_.empty() && !stopped_; ++i) {
      const auto [seq, key] = *next_.begin();
      next_.erase(next_.begin());
      out.append(numbered{key, seq}, min_timestamp);
      if (seq + 1 < job_.per_key)
        next_.emplace(seq + 1, key);
    }
    if (next_.empty() || stopped_)
      return poll_result{poll_status::finished, {}};
    return poll_result{poll_status::waiting, job_.rest};
  }

  void stop() override { stopped_ = true; }

  [[nodiscard]] std::vector<byte_string> snapshot() const override {
    std::vector<byte_string> entries;
    for (const auto& [seq, key] : next_) {
      byte_writer to{entries.emplace_back()};
      to.write_int(key);
      to.write_int(seq);
    }
    return entries;
  }

  expected<void> restore(std::span<const byte_string> entries) override {
    next_.clear();
    for (const auto& entry : entries) {
      byte_reader from{entry};
      std::int64_t key = 0;
      std::int64_t seq = 0;
      if (!from.read_int(key) || !from.read_int(seq) || !from.finished())
        return error{error_code::corrupt_data, "a position cannot be read"};
      next_.emplace(seq, key);
    }
    return {};
  }

private:
  sim_job job_;
  std::set<std::pair<std::int64_t, std::int64_t>> next_; // (seq, key)
  bool stopped_ = false; // positions stay: a restored job goes on from them
};

class numbers_source final : public source<numbered> {
public:
  explicit numbers_source(sim_job job) : job_(job) {}
  [[nodiscard]] std::string kind() const override { return "numbers"; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] replay_guarantee replay() const override {
    return replay_guarantee::replayable;
  }
  [[nodiscard]] std::unique_ptr<source_reader<numbered>>
  make_reader() const override {
    return std::make_unique<numbers_reader>(job_);
  }

private:
  sim_job job_;
};

struct passed {
  numbered record;
  std::int64_t attempt = 0;
};

class count_along {
public:
  void open(keyed_runtime_context<std::int64_t>& context) {
    next_ = context.state(value_state_descriptor<std::int64_t>{"next"});
    attempt_ = context.attempt();
  }

  void process(const numbered& record, keyed_context<std::int64_t>&,
               collector<passed>& out) {
    if (record.seq != next_.value())
      fatal("key " + std::to_string(record.key) + ": number "
            + std::to_string(record.seq) + " came where "
            + std::to_string(next_.value()) + " is next");
    next_.update([](std::int64_t& next) { ++next; });
    out.emit({record, attempt_});
  }

private:
  value_state<std::int64_t> next_;
  std::int64_t attempt_ = 0;
};

struct count_function {
  using accumulator = std::int64_t;
  void add(accumulator& acc, const numbered&) const { ++acc; }
  std::int64_t result(const accumulator& acc) const { return acc; }
};

struct window_count {
  std::int64_t key = 0;
  std::int64_t window = 0;
  std::int64_t count = 0;
};

template <class T, class Format>
void write_to(data_stream<T> rows, const std::shared_ptr<file_system>& files,
              std::string_view folder, const std::string& header,
              Format format) {
  const std::string name{folder};
  rows
    .sink_to(make_file_sink<T>({.files = files,
                                .folder = std::string{sim_output} + "/" + name,
                                .header = header},
                               format))
    .uid("write " + name)
    .name("write " + name);
}

/// The numbers after the key, of each line of each part but the header, in
/// the order of parts: by key, then line by line.
using rows_by_key =
  std::map<std::int64_t, std::vector<std::vector<std::int64_t>>>;

std::pair<std::uint64_t, std::uint64_t> part_order(const std::string& path) {
  const auto parsed = parse_part_name(path.substr(path.rfind('/') + 1));
  return parsed
           ? std::pair{parsed->id.number, std::uint64_t{parsed->id.subtask}}
           : std::pair<std::uint64_t, std::uint64_t>{};
}

rows_by_key read_rows(const std::map<std::string, std::string>& files,
                      std::string_view folder,
                      std::vector<std::string>& problems) {
  std::vector<std::string> paths;
  const auto below = std::string{sim_output} + "/" + std::string{folder} + "/";
  for (const auto& [path, text] : files)
    if (path.starts_with(below + "part-"))
      paths.push_back(path);
  std::ranges::sort(paths, {}, part_order);
  rows_by_key result;
  for (const auto& path : paths) {
    const auto& text = files.at(path);
    if (text.empty() || text.back() != '\n')
      problems.push_back(path + " is torn");
    std::istringstream lines{text};
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      std::ranges::replace(line, ',', ' ');
      std::istringstream fields{line};
      std::vector<std::int64_t> numbers;
      for (std::int64_t number = 0; fields >> number;)
        numbers.push_back(number);
      if (numbers.size() == 3)
        result[numbers[0]].push_back({numbers[1], numbers[2]});
      else
        problems.push_back(path + ": bad line " + line);
    }
  }
  return result;
}

/// Each of 0..count-1 once and in order, as far as the rules ask for it.
void check_sequence(const std::string& what,
                    const std::vector<std::int64_t>& found, std::int64_t count,
                    const audit_rules& rules,
                    std::vector<std::string>& problems) {
  std::set<std::int64_t> seen;
  std::int64_t next = 0;
  for (const auto each : found) {
    if (each < 0 || each >= count)
      problems.push_back(what + ": " + std::to_string(each) + " is foreign");
    if (!seen.insert(each).second && rules.exactly_once)
      problems.push_back(what + ": " + std::to_string(each) + " is doubled");
    else if (each != next && rules.exactly_once)
      problems.push_back(what + ": " + std::to_string(each) + " came where "
                         + std::to_string(next) + " is next");
    next = each + 1;
  }
  if (rules.complete && seen.size() < static_cast<std::size_t>(count))
    problems.push_back(what + ": " + std::to_string(seen.size()) + " of "
                       + std::to_string(count));
}

void check_windows(const sim_job& job, const rows_by_key& rows,
                   const audit_rules& rules,
                   std::vector<std::string>& problems) {
  const auto per_window = window_length / number_distance;
  const auto windows = (job.per_key + per_window - 1) / per_window;
  for (std::int64_t key = 0; key < job.keys; ++key) {
    const auto found = rows.find(key);
    std::vector<std::int64_t> starts;
    if (found != rows.end())
      for (const auto& row : found->second) {
        const auto window = row[0] / window_length.count();
        starts.push_back(window);
        const auto wanted =
          std::min(per_window, job.per_key - window * per_window);
        // Without checkpoints a restart counts from nothing: the last row of
        // a window is right, which the order below cannot tell.
        if (row[1] != wanted)
          problems.push_back("window " + std::to_string(window) + " of key "
                             + std::to_string(key) + " has "
                             + std::to_string(row[1]) + " records, not "
                             + std::to_string(wanted));
      }
    check_sequence("windows of key " + std::to_string(key), starts, windows,
                   rules, problems);
  }
}

} // namespace

std::shared_ptr<const job_graph>
sim_graph(const sim_job& job, const job_options& options,
          const std::shared_ptr<file_system>& files) {
  stream_environment env{options};
  auto numbers =
    env.from_source<numbered>(std::make_shared<numbers_source>(job));
  numbers.uid("numbers");
  auto timed = numbers.assign_timestamps_and_watermarks(
    bounded_out_of_orderness(duration_ms{0}, [](const numbered& each) {
      return each.seq * number_distance.count();
    }));
  timed.uid("time");
  auto counted = timed.key_by(&numbered::key).process<passed>(count_along{});
  counted.uid("count");
  auto windows =
    timed.key_by(&numbered::key)
      .window(tumbling_event_time{window_length})
      .aggregate<window_count>(
        count_function{}, [](const window_context<std::int64_t>& context,
                             std::int64_t count, collector<window_count>& out) {
          out.emit({context.key(), context.window().start, count});
        });
  windows.uid("windows");
  write_to(counted, files, results_folder, "key,seq,attempt\n",
           [](const passed& row, csv_writer& to) {
             to.integer(row.record.key)
               .integer(row.record.seq)
               .integer(row.attempt)
               .end_row();
           });
  write_to(
    windows, files, windows_folder, "key,window,count\n",
    [](const window_count& row, csv_writer& to) {
      to.integer(row.key).integer(row.window).integer(row.count).end_row();
    });
  auto graph = env.build();
  FLOW_ASSERT(graph.has_value(), "the job of the simulation can be built");
  return *graph;
}

std::vector<std::string> audit(const sim_job& job,
                               const std::map<std::string, std::string>& files,
                               const audit_rules& rules) {
  std::vector<std::string> problems;
  const auto counted = read_rows(files, results_folder, problems);
  for (std::int64_t key = 0; key < job.keys; ++key) {
    std::vector<std::int64_t> numbers;
    if (const auto found = counted.find(key); found != counted.end())
      for (const auto& row : found->second)
        numbers.push_back(row[0]);
    check_sequence("key " + std::to_string(key), numbers, job.per_key, rules,
                   problems);
  }
  check_windows(job, read_rows(files, windows_folder, problems), rules,
                problems);
  return problems;
}

} // namespace flow::sim
