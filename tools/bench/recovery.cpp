#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "libflow/api/keyed_stream.hpp"
#include "libflow/checkpoint/two_phase_commit.hpp"
#include "tools/bench/pairs.hpp"
#include "tools/bench/scratch_folder.hpp"

namespace flow::bench {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds interval{1000};
constexpr milliseconds restart_delay{200};
constexpr double allowed_ms = 1500;
constexpr double rate = 100'000; // records per second, once the state is full
constexpr milliseconds longest_recovery{60'000};

/// Where both the job's processes and the bench find what they tell each other.
constexpr const char* folder_variable = "FLOW_BENCH_RECOVERY";

struct numbered {
  std::uint64_t key = 0;
  std::uint64_t number = 0; ///< of this key, from 0
};

std::uint64_t digest(const numbered& of) {
  return (of.key + 1) * 0x9E3779B97F4A7C15ULL + of.number;
}

/// One line, as a whole, whoever else writes.
void leave_line(const char* file, const std::string& line) {
  const std::string path = std::string{std::getenv(folder_variable)} + file;
  const int to =
    open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  FLOW_ASSERT(
    to >= 0 && std::cmp_equal(write(to, line.data(), line.size()), line.size()),
    "the results cannot be written");
  close(to);
}

// -- the job ------------------------------------------------------------------

/// Number after number, and of each number key after key: the first round, at
/// full speed, makes the state; what follows goes by the rate.
class round_source final : public source<numbered> {
public:
  explicit round_source(std::uint64_t keys) : keys_(keys) {}

  [[nodiscard]] std::string kind() const override { return "rounds"; }
  [[nodiscard]] bool bounded() const override { return false; }
  [[nodiscard]] replay_guarantee replay() const override {
    return replay_guarantee::replayable;
  }
  [[nodiscard]] std::unique_ptr<source_reader<numbered>>
  make_reader() const override {
    return std::make_unique<reader>(keys_);
  }

  /// Keys of one of the sources.
  static std::uint64_t own_keys(std::uint64_t keys, std::uint64_t index,
                                std::uint64_t sources) {
    return (keys + sources - 1 - index) / sources;
  }
  static numbered record_of(std::uint64_t position, std::uint64_t own,
                            std::uint64_t index, std::uint64_t sources) {
    return {position % own * sources + index, position / own};
  }

private:
  class reader final : public source_reader<numbered> {
  public:
    explicit reader(std::uint64_t keys) : keys_(keys) {}

    expected<void> open(source_context& context) override {
      index_ = context.subtask_index();
      sources_ = context.parallelism();
      own_ = own_keys(keys_, index_, sources_);
      return {};
    }

    expected<poll_result> poll(record_batch<numbered>& out,
                               std::size_t room) override {
      if (stopped_)
        return poll_result{poll_status::finished, {}};
      const std::uint64_t count =
        position_ < own_ ? std::min<std::uint64_t>(room, own_ - position_)
                         : std::min<std::uint64_t>(room, due());
      for (std::uint64_t i = 0; i < count; ++i, ++position_)
        out.append(record_of(position_, own_, index_, sources_), min_timestamp);
      return position_ < own_
               ? poll_result{poll_status::more, {}}
               : poll_result{poll_status::waiting, milliseconds{1}};
    }

    void stop() override { stopped_ = true; }

    [[nodiscard]] std::vector<byte_string> snapshot() const override {
      std::vector<byte_string> entries(1);
      byte_writer{entries.front()}.write_int(position_);
      return entries;
    }
    expected<void> restore(std::span<const byte_string> entries) override {
      if (entries.size() != 1
          || !byte_reader{entries.front()}.read_int(position_))
        return error{error_code::corrupt_data, "no position"};
      return {};
    }

    void close() override {
      leave_line("/positions", std::to_string(index_) + ' '
                                 + std::to_string(position_) + '\n');
    }

  private:
    /// Records of the rate that were not sent yet.
    std::uint64_t due() {
      if (since_.count() == 0) {
        since_ = now();
        from_ = position_;
      }
      const double seconds =
        std::chrono::duration<double>(now() - since_).count();
      return static_cast<std::uint64_t>(seconds * rate
                                        / static_cast<double>(sources_))
             - (position_ - from_);
    }

    std::uint64_t keys_;
    std::uint64_t index_ = 0;
    std::uint64_t sources_ = 1;
    std::uint64_t own_ = 0;
    std::uint64_t position_ = 0;
    nanoseconds since_{0};
    std::uint64_t from_ = 0; // position then
    bool stopped_ = false;
  };

  std::uint64_t keys_;
};

/// Counts the records of each key, beside some ballast, and ends the job at one
/// that is not next. Throws when it is asked to.
struct count_rounds {
  struct kept {
    std::uint64_t next = 0;
    std::array<std::uint64_t, 14> ballast{};
  };
  static constexpr std::uint64_t entry_bytes =
    sizeof(std::uint64_t) + sizeof(kept);

  std::shared_ptr<std::atomic<bool>> fault;
  value_state<kept> state{};

  void open(keyed_runtime_context<std::uint64_t>& context) {
    state = context.state(value_state_descriptor<kept>{"kept", {}});
  }
  void process(const numbered& in, keyed_context<std::uint64_t>&,
               collector<numbered>& out) {
    if (fault->load(std::memory_order_relaxed) && fault->exchange(false))
      throw std::runtime_error{"the bench asks for a failure"};
    state.update([&](kept& value) {
      if (value.next != in.number || value.ballast[13] != value.next * in.key)
        flow::fatal("key " + std::to_string(in.key)
                    + ": a record or its state "
                      "was lost");
      ++value.next;
      value.ballast.fill(value.next * in.key);
    });
    out.emit(in);
  }
};

/// What lies between two barriers of a writer.
struct portion {
  std::string name; ///< of writer, run and checkpoint
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
};

/// Leaves a line in a file for each portion once its checkpoint has completed,
/// perhaps more than once.
class committing_sink final : public sink<numbered> {
public:
  [[nodiscard]] std::string kind() const override { return "commits"; }
  [[nodiscard]] sink_guarantee guarantee() const override {
    return sink_guarantee::exactly_once;
  }
  [[nodiscard]] std::unique_ptr<sink_writer<numbered>>
  make_writer() const override {
    return std::make_unique<writer>();
  }

private:
  class writer final : public sink_writer<numbered> {
  public:
    expected<void> open(runtime_context& context) override {
      name_ = std::to_string(context.subtask_index()) + "-" + context.run();
      return {};
    }
    expected<void> write(std::span<const numbered> values,
                         std::span<const timestamp>) override {
      open_.count += values.size();
      for (const numbered& each : values)
        open_.sum += digest(each);
      return {};
    }
    expected<writer_snapshot>
    snapshot(const snapshot_context& context) override {
      portion done = std::exchange(open_, {});
      done.name = name_ + "-" + std::to_string(context.checkpoint_id);
      if (done.count > 0)
        commits_.prepared(context.checkpoint_id, std::move(done));
      return writer_snapshot{commits_.entries(), {}};
    }
    expected<void>
    restore(std::span<const std::vector<std::byte>> entries) override {
      return commits_.recover(entries, commit());
    }
    expected<void> checkpoint_completed(std::uint64_t id) override {
      return commits_.completed(id, commit());
    }

  private:
    std::function<expected<void>(const portion&)> commit() const {
      return [](const portion& what) -> expected<void> {
        std::ostringstream line;
        line << what.name << ' ' << now().count() << ' ' << getpid() << ' '
             << what.count << ' ' << what.sum << '\n';
        leave_line("/commits", line.str());
        return {};
      };
    }

    std::string name_;
    portion open_;
    two_phase_commit<portion> commits_;
  };
};

// -- what became of it --------------------------------------------------------

struct commit_line {
  std::string name;
  nanoseconds at{0};
  pid_t process = 0;
  checksum what;
};

/// The lines that the sinks have left, in the order of writing. Reads on where
/// it stopped.
class commit_log {
public:
  explicit commit_log(const std::string& folder) : path_(folder + "/commits") {}

  const std::vector<commit_line>& read() {
    std::ifstream from{path_};
    from.seekg(at_);
    for (std::string text; std::getline(from, text) && !from.eof();) {
      at_ += static_cast<std::streamoff>(text.size()) + 1;
      commit_line line;
      std::int64_t time = 0;
      std::istringstream{text} >> line.name >> time >> line.process
        >> line.what.count >> line.what.sum;
      line.at = nanoseconds{time};
      if (known_.insert_or_assign(line.name, line.what).second)
        lines_.push_back(line);
    }
    return lines_;
  }

  /// Each portion once.
  [[nodiscard]] checksum total() const {
    checksum result;
    for (const auto& [name, what] : known_)
      result += what;
    return result;
  }

private:
  std::string path_;
  std::streamoff at_ = 0;
  std::vector<commit_line> lines_; // the first of each portion
  std::map<std::string, checksum> known_;
};

/// Without the checkpoint: of one writer in one run.
std::string writer_of(const commit_line& line) {
  return line.name.substr(0, line.name.rfind('-'));
}

/// The records that the sources have read, of each the last that was told.
checksum read_by_sources(const std::string& folder, const settings& wanted) {
  std::map<std::uint64_t, std::uint64_t> positions;
  std::ifstream from{folder + "/positions"};
  for (std::uint64_t index = 0, position = 0; from >> index >> position;)
    positions[index] = position;
  checksum result;
  for (const auto& [index, position] : positions) {
    const std::uint64_t own =
      round_source::own_keys(wanted.keys, index, wanted.parallelism);
    for (std::uint64_t at = 0; at < position; ++at)
      result += {
        1, digest(round_source::record_of(at, own, index, wanted.parallelism))};
  }
  return result;
}

/// Does harm to one job again and again.
class experiment {
public:
  experiment(const settings& wanted, const std::string& folder)
    : wanted_(wanted), folder_(folder), log_(folder) {}

  expected<bench_report> run() {
    if (auto started = start(); !started)
      return started.error();
    const machine_watch watch;
    // All keys are there when as many records are committed.
    if (auto full = until([&] {
          log_.read();
          return log_.total().count >= wanted_.keys;
        });
        !full)
      return full.error();
    random_numbers random{wanted_.pairs};
    for (std::uint32_t i = 0; i < wanted_.pairs; ++i)
      if (auto done = recover_once(random.next()); !done)
        return done.error();
    bench_report report = report_of();
    auto ended = finish();
    if (!ended)
      return ended.error();
    job_.reset(); // its processes' time counts as our own when they are gone
    report.disturbed = watch.since();
    log_.read();
    report.checksums_equal = log_.total() == read_by_sources(folder_, wanted_);
    report.config.records = log_.total().count;
    if (ended->summary.restarts < wanted_.pairs)
      report.defect = "the job has restarted "
                      + std::to_string(ended->summary.restarts) + " times";
    return report;
  }

private:
  expected<void> start() {
    job_options options = make_options(wanted_);
    options.job_id = std::string(32, '0');
    options.checkpoints.interval = interval;
    options.checkpoints.backend = backend();
    options.checkpoints.dir = folder_ + "/checkpoints";
    options.restart.kind = restart_kind::fixed_delay;
    options.restart.fixed_delay = {wanted_.pairs + 10, restart_delay};
    stream_environment env{std::move(options)};
    env.from_source<numbered>(std::make_shared<round_source>(wanted_.keys))
      .uid("read")
      .key_by(&numbered::key)
      .process<numbered>(count_rounds{fault_})
      .uid("count")
      .sink_to(std::make_shared<committing_sink>())
      .uid("commit");
    auto job = env.execute_async();
    if (!job)
      return job.error();
    job_ = std::move(*job);
    return {};
  }

  [[nodiscard]] state_backend_kind backend() const {
    return wanted_.backend.value_or(state_backend_kind::filesystem);
  }

  template <class Condition>
  expected<void> until(Condition&& holds) {
    const nanoseconds end = now() + longest_recovery;
    while (!holds()) {
      if (const auto ended = job_->wait(milliseconds{5}))
        return ended->cause.value_or(
          error{error_code::invalid_argument, "the job has ended"});
      if (now() > end)
        return error{error_code::timed_out, "the job does not go on"};
    }
    return {};
  }

  /// At some moment between two checkpoints.
  expected<void> recover_once(std::uint64_t random) {
    const nanoseconds fault_at =
      now() + interval / 2
      + nanoseconds{random % nanoseconds{interval}.count()};
    if (auto waited = until([&] { return now() >= fault_at; }); !waited)
      return waited;
    const auto before = log_.read();
    std::set<std::string> writers;
    for (const auto& each : before)
      writers.insert(writer_of(each));
    if (auto harmed = do_harm(before.back()); !harmed)
      return harmed;
    const commit_line* first = nullptr;
    auto recovered = until([&] {
      const auto& lines = log_.read();
      const auto found = std::ranges::find_if(lines, [&](const auto& each) {
        return !writers.contains(writer_of(each));
      });
      first = found != lines.end() ? &*found : nullptr;
      return first != nullptr;
    });
    if (!recovered)
      return recovered;
    nanoseconds last{0};
    for (const auto& each : log_.read())
      if (writers.contains(writer_of(each)) && each.at < first->at)
        last = std::max(last, each.at);
    const nanoseconds took = first->at - last - nanoseconds{interval};
    took_ms_.push_back(static_cast<double>(took.count()) / 1e6);
    return {};
  }

  /// Kills a process that has committed, or has the user's code throw.
  expected<void> do_harm(const commit_line& last) {
    if (wanted_.processes > 1) {
      if (kill(last.process, SIGKILL) != 0)
        return error{error_code::io, "there is no process to be killed"};
      return {};
    }
    fault_->store(true);
    return {};
  }

  expected<job_result> finish() {
    job_->stop();
    const nanoseconds end = now() + longest_recovery;
    while (now() < end)
      if (auto ended = job_->wait(milliseconds{100})) {
        if (ended->cause)
          return *ended->cause;
        return *ended;
      }
    return error{error_code::timed_out, "the job does not end"};
  }

  [[nodiscard]] bench_report report_of() const {
    const spread took = spread_of(took_ms_);
    auto sorted = took_ms_;
    std::ranges::sort(sorted);
    const auto rank = static_cast<std::size_t>(
      std::ceil(0.99 * static_cast<double>(sorted.size())));
    const double p99 = sorted[rank - 1];
    bench_report report;
    report.bench = "recovery";
    report.variant =
      wanted_.processes > 1 ? "worker process killed" : "user code throws";
    report.config = wanted_;
    report.bar = 1;
    report.ratio = spread{p99 / allowed_ms, p99 / allowed_ms, p99 / allowed_ms};
    report.extra = {
      {"faults", static_cast<double>(took_ms_.size())},
      {"state_bytes",
       static_cast<double>(wanted_.keys * count_rounds::entry_bytes)},
      {"recovery_p50_ms", took.median},
      {"recovery_p95_ms", took.p95},
      {"recovery_p99_ms", p99},
      {"recovery_max_ms", sorted.back()},
      {"bar_p99_ms", allowed_ms}};
    return report;
  }

  settings wanted_;
  std::string folder_;
  commit_log log_;
  std::shared_ptr<std::atomic<bool>> fault_ =
    std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<running_job> job_;
  std::vector<double> took_ms_;
};

} // namespace

/// Worker processes run this too: the start of the job does not return in them.
expected<outcome> run_recovery(const settings& asked) {
  settings wanted = asked;
  wanted.keys =
    std::max<std::uint64_t>(asked.state / count_rounds::entry_bytes, 100);
  std::optional<scratch_folder> folder;
  if (!in_worker_process()) {
    folder.emplace();
    setenv(folder_variable, folder->path().c_str(), 1);
  }
  auto report = experiment{wanted, std::getenv(folder_variable)}.run();
  if (!report)
    return report.error();
  print(*report);
  return report->outcome();
}

} // namespace flow::bench
