#include <map>

#include <doctest/doctest.h>

#include "libflow/connectors/csv/csv_source.hpp"
#include "libflow/connectors/files/file_sink.hpp"
#include "libflow/connectors/files/text_source.hpp"
#include "test/libflow/connectors/memory_file_system.hpp"
#include "test/support/failing_file_system.hpp"

using namespace flow;
using flow::test::failing_file_system;
using flow::test::memory_file_system;

namespace {

struct record {
  text key;
  std::int64_t count = 0;
};

/// The end of a side output: its rows as a dead-letter file has them.
class dead_letters final : public receiver<csv_malformed_row> {
public:
  std::string lines;

  void receive(record_batch_ptr<csv_malformed_row> batch) override {
    for (const auto& row : batch->values())
      append_dead_letter(row, lines);
  }
  void receive_watermark(timestamp) override {}
  void receive_status(stream_status) override {}
  [[nodiscard]] bool full() const override { return false; }
};

/// Runs readers of a source against its coordinator, one poll each in turn.
template <class T>
class source_run {
public:
  source_run(source<T>& from, std::size_t readers)
    : from_(from), coordinator_(from.make_coordinator()) {
    opened = coordinator_->open(static_cast<std::uint32_t>(readers));
    for (std::size_t i = 0; i < readers && opened; ++i)
      add_reader();
  }

  void add_reader() {
    auto& task = tasks_.emplace_back(std::make_unique<task_state>());
    task->sides.bind(dead_letter_tag().name(), rejected);
    task->context = std::make_unique<source_context>(
      runtime_context::place{}, task->sides,
      [to = task.get()] { to->wants_split = true; });
    task->reader = from_.make_reader();
    opened = task->reader->open(*task->context);
  }

  /// One poll of reader i, its records appended to `seen`.
  expected<poll_result> poll(std::size_t i, std::size_t room) {
    auto& task = *tasks_[i];
    auto out = record_batch<T>::make();
    auto result = task.reader->poll(*out, room);
    task.sides.flush();
    for (const auto& value : out->values())
      seen.push_back(value);
    if (task.wants_split) {
      task.wants_split = false;
      auto split = coordinator_->next(static_cast<std::uint32_t>(i));
      REQUIRE(split);
      if (*split)
        REQUIRE(task.reader->add_split(**split));
      else
        task.reader->no_more_splits();
    }
    return result;
  }

  /// Until all are finished; the first error.
  expected<void> run(std::size_t room = 3) {
    for (auto left = tasks_.size(); left > 0;) {
      left = 0;
      for (std::size_t i = 0; i < tasks_.size(); ++i) {
        auto result = poll(i, room);
        if (!result)
          return result.error();
        left += result->status != poll_status::finished;
      }
    }
    return {};
  }

  source_reader<T>& reader(std::size_t i) { return *tasks_[i]->reader; }
  split_coordinator& coordinator() { return *coordinator_; }
  [[nodiscard]] std::uint64_t skipped() const {
    std::uint64_t sum = 0;
    for (const auto& task : tasks_)
      sum += task->context->skipped();
    return sum;
  }

  expected<void> opened;
  std::vector<T> seen;
  dead_letters rejected;

private:
  struct task_state {
    side_outputs sides;
    std::unique_ptr<source_context> context;
    std::unique_ptr<source_reader<T>> reader;
    bool wants_split = false;
  };

  source<T>& from_;
  std::unique_ptr<split_coordinator> coordinator_;
  std::vector<std::unique_ptr<task_state>> tasks_;
};

auto source_of(std::shared_ptr<memory_file_system> files,
               csv_error_policy policy = csv_error_policy::fail) {
  csv_source_settings settings;
  settings.files = std::move(files);
  settings.path = "f.csv";
  settings.columns = {{"key", csv_type::text}, {"n", csv_type::integer}};
  settings.on_error = policy;
  return make_csv_source(std::move(settings), [](const csv_row& row) {
    return record{text::borrow(row.text(0)), row.integer(1)};
  });
}

/// 20,000 rows, several splits.
std::string many_rows() {
  std::string rows = "key,n\n";
  for (int i = 0; i < 20'000; ++i)
    rows.append("a key with more than twelve bytes ")
      .append(std::to_string(i))
      .append(",")
      .append(std::to_string(i))
      .append("\n");
  return rows;
}

/// Each of 0..n-1 once.
bool complete(const std::vector<record>& seen, std::size_t n) {
  std::vector<int> times(n);
  for (const auto& each : seen) {
    ++times.at(static_cast<std::size_t>(each.count));
    auto expected_key =
      std::string{"a key with more than twelve bytes "}.append(
        std::to_string(each.count));
    if (each.key != expected_key)
      return false;
  }
  return std::all_of(times.begin(), times.end(), [](int t) { return t == 1; });
}

} // namespace

TEST_CASE("readers share the splits of a CSV and read each row once") {
  auto files = std::make_shared<memory_file_system>();
  files->put("f.csv", many_rows());
  for (std::size_t readers : {1, 2, 4, 7}) {
    auto from = source_of(files);
    source_run run{*from, readers};
    REQUIRE(run.run(1000));
    CHECK(complete(run.seen, 20'000));
  }
}

TEST_CASE("readers go on from snapshots, at another parallelism too") {
  auto files = std::make_shared<memory_file_system>();
  files->put("f.csv", many_rows());
  auto from = source_of(files);
  source_run first{*from, 3};
  for (int round = 0; round < 40; ++round)
    for (std::size_t i = 0; i < 3; ++i)
      REQUIRE(first.poll(i, 50));
  CHECK(first.seen.size() > 1000);
  CHECK(first.seen.size() < 20'000);
  source_run second{*from, 2};
  REQUIRE(second.coordinator().restore(first.coordinator().snapshot()));
  for (std::size_t i = 0; i < 3; ++i)
    REQUIRE(second.reader(i % 2).restore(first.reader(i).snapshot()));
  REQUIRE(second.run(1000));
  for (const auto& each : first.seen)
    second.seen.push_back(each);
  CHECK(complete(second.seen, 20'000));
}

TEST_CASE("a malformed row fails the source, is counted or is handed out") {
  auto files = std::make_shared<memory_file_system>();
  files->put("f.csv", "key,n\na,1\nb,x\nc\nd,4\n");
  auto failing = source_of(files);
  source_run fails{*failing, 1};
  auto failed = fails.run();
  REQUIRE_FALSE(failed);
  CHECK(failed.error().text
        == "f.csv:3: 3: n: 'x' is not an integer of 1 to 18 digits");
  auto skipping = source_of(files, csv_error_policy::skip);
  source_run skips{*skipping, 1};
  REQUIRE(skips.run());
  CHECK(skips.seen.size() == 2);
  CHECK(skips.skipped() == 2);
  CHECK(skips.reader(0).progress() == 4.0);
  auto sorting = source_of(files, csv_error_policy::dead_letter);
  source_run sorts{*sorting, 1};
  REQUIRE(sorts.run());
  CHECK(sorts.seen.size() == 2);
  CHECK(sorts.skipped() == 0);
  CHECK(sorts.rejected.lines
        == "f.csv,3,3,n: 'x' is not an integer of 1 to 18 digits,\"b,x\"\n"
           "f.csv,4,2,\"the row has 1 field, the header has 2\",c\n");
}

TEST_CASE("a missing column or file is an error before any row") {
  auto files = std::make_shared<memory_file_system>();
  auto from = source_of(files, csv_error_policy::skip);
  source_run missing{*from, 1};
  REQUIRE_FALSE(missing.opened);
  CHECK(missing.opened.error().code == error_code::not_found);
  files->put("f.csv", "key,m\na,1\n");
  source_run lacking{*from, 1};
  REQUIRE_FALSE(lacking.opened);
  CHECK(lacking.opened.error().text
        == "f.csv:1: 1: the header has no column 'n'");
}

TEST_CASE(
  "a file without rows finishes at once, and so does a stopped reader") {
  auto files = std::make_shared<memory_file_system>();
  auto from = source_of(files);
  for (const auto* empty : {"", "key,n", "n,key\n\n"}) {
    files->put("f.csv", empty);
    source_run run{*from, 2};
    REQUIRE(run.opened);
    REQUIRE(run.run());
    CHECK(run.seen.empty());
  }
  files->put("f.csv", many_rows());
  source_run stopped{*from, 1};
  REQUIRE(stopped.poll(0, 10));
  REQUIRE(stopped.poll(0, 10));
  stopped.reader(0).stop();
  REQUIRE(stopped.run());
  CHECK(stopped.seen.size() == 10);
}

TEST_CASE("lines of a text file come once each, from any number of readers") {
  auto files = std::make_shared<memory_file_system>();
  std::string all;
  for (int i = 0; i < 30'000; ++i)
    all.append("line ").append(std::to_string(i)).append("\n");
  files->put("t", all);
  text_source from{files, "t"};
  source_run run{from, 3};
  REQUIRE(run.run(1000));
  std::map<text, int> times;
  for (const auto& line : run.seen)
    ++times[line];
  CHECK(run.seen.size() == 30'000);
  CHECK(times.size() == 30'000);
}

namespace {

/// A file sink in memory, whose writers are driven by hand.
struct sink_bench {
  sink_bench() {
    settings.files = files;
    settings.folder = "out/results";
    settings.header = "n\n";
    settings.roll_bytes = 100'000;
  }

  [[nodiscard]] std::shared_ptr<const sink<std::int64_t>> make() const {
    return make_file_sink<std::int64_t>(
      settings, [](const std::int64_t& value, csv_writer& row) {
        row.integer(value).end_row();
      });
  }

  static runtime_context::place place(const std::string& run,
                                      std::uint32_t index,
                                      std::uint32_t parallelism) {
    runtime_context::place result;
    result.subtask_index = index;
    result.parallelism = parallelism;
    result.run = run;
    return result;
  }

  std::unique_ptr<sink_writer<std::int64_t>>
  open(const std::string& run, std::uint32_t index = 0,
       std::uint32_t parallelism = 1) {
    runtime_context context{place(run, index, parallelism)};
    auto writer = make()->make_writer();
    REQUIRE(writer->open(context));
    return writer;
  }

  static void write(sink_writer<std::int64_t>& to, std::int64_t value) {
    const std::int64_t values[] = {value};
    const timestamp stamps[] = {0};
    REQUIRE(to.write(values, stamps));
  }

  static std::vector<byte_string> snapshot(sink_writer<std::int64_t>& of,
                                           std::uint64_t id) {
    auto taken = of.snapshot({.checkpoint_id = id});
    REQUIRE(taken);
    REQUIRE(taken->work());
    return taken->entries;
  }

  /// Contents of the visible parts, by name.
  [[nodiscard]] std::string visible() const {
    std::string all;
    for (const auto& [name, text] : files->files)
      if (name.find("/.") == std::string::npos)
        all += *text;
    return all;
  }
  [[nodiscard]] std::size_t hidden() const {
    std::size_t count = 0;
    for (const auto& [name, text] : files->files)
      count += name.find("/.") != std::string::npos ? 1 : 0;
    return count;
  }

  std::shared_ptr<memory_file_system> files =
    std::make_shared<memory_file_system>();
  file_sink_settings settings;
};

} // namespace

TEST_CASE("rows become visible when their checkpoint has completed") {
  sink_bench it;
  auto writer = it.open("a");
  it.write(*writer, 1);
  it.snapshot(*writer, 1);
  it.write(*writer, 2);
  CHECK(it.visible().empty());
  REQUIRE(writer->checkpoint_completed(1));
  CHECK(it.visible() == "n\n1\n");
  REQUIRE(writer->checkpoint_completed(1)); // doubled
  it.snapshot(*writer, 2);
  REQUIRE(writer->checkpoint_aborted(2));
  it.write(*writer, 3);
  it.snapshot(*writer, 3);
  REQUIRE(writer->checkpoint_completed(3)); // and what 2 had prepared
  CHECK(it.visible() == "n\n1\nn\n2\nn\n3\n");
  writer->close();
  CHECK(it.hidden() == 0);
}

TEST_CASE("a restored sink commits what its checkpoint holds, and no more") {
  sink_bench it;
  auto first = it.open("a");
  it.write(*first, 1);
  const auto entries = it.snapshot(*first, 1);
  it.write(*first, 2);
  it.snapshot(*first, 2); // never completes
  it.write(*first, 3);
  // The process is gone: nobody closes.
  auto second = it.open("b");
  REQUIRE(second->restore(entries));
  CHECK(it.visible() == "n\n1\n");
  it.write(*second, 2);
  it.snapshot(*second, 2);
  REQUIRE(second->checkpoint_completed(2));
  CHECK(it.visible() == "n\n1\nn\n2\n");
  CHECK(it.hidden() == 0);
  // Once more, as after a second failure before anything was committed anew.
  auto third = it.open("c");
  REQUIRE(third->restore(entries));
  CHECK(it.visible() == "n\n1\nn\n2\n");
}

TEST_CASE("a sink that fails takes back what no checkpoint holds") {
  sink_bench it;
  it.files->free_bytes = 150'000;
  auto writer = it.open("a");
  const std::vector<std::int64_t> values(1'000, 123'456'789);
  const std::vector<timestamp> stamps(values.size());
  expected<void> written;
  for (int i = 0; i < 100 && written; ++i)
    written = writer->write(values, stamps);
  REQUIRE_FALSE(written);
  CHECK(written.error().text.find("No space left on device")
        != std::string::npos);
  writer->close();
  CHECK(it.files->files.empty());
}

TEST_CASE("a checkpoint does not count before the disk has its parts") {
  sink_bench it;
  auto writer = it.open("a");
  it.write(*writer, 1);
  auto given_up = writer->snapshot({.checkpoint_id = 1});
  REQUIRE(given_up);
  REQUIRE(writer->checkpoint_aborted(1)); // nobody did its work
  it.write(*writer, 2);
  auto taken = writer->snapshot({.checkpoint_id = 2});
  REQUIRE(taken);
  it.files->sync_fails = true;
  CHECK_FALSE(taken->work());
  it.files->sync_fails = false;
  CHECK(taken->work());
}

TEST_CASE(
  "a death at any operation of a commit shows each row once in the end") {
  for (std::size_t operation = 0;; ++operation) {
    sink_bench it;
    const auto disk = it.files;
    const auto failing = std::make_shared<failing_file_system>(disk);
    it.settings.files = failing;
    auto first = it.open("a");
    it.write(*first, 1);
    it.snapshot(*first, 1);
    REQUIRE(first->checkpoint_completed(1));
    it.write(*first, 2);
    const auto entries = it.snapshot(*first, 2); // has completed
    failing->fail_at(operation, true, "dead");
    const auto done = first->checkpoint_completed(2);
    const std::string seen = it.visible();
    CHECK((seen == "n\n1\n" || seen == "n\n1\nn\n2\n"));
    it.settings.files = disk;
    auto second = it.open("b");
    REQUIRE(second->restore(entries));
    CHECK(it.visible() == "n\n1\nn\n2\n");
    it.snapshot(*second, 3);
    REQUIRE(second->checkpoint_completed(3));
    CHECK(it.visible() == "n\n1\nn\n2\n");
    CHECK(it.hidden() == 0);
    if (done)
      break;
  }
}

TEST_CASE(
  "a death at any operation before the checkpoint shows nothing of it") {
  for (std::size_t operation = 0;; ++operation) {
    sink_bench it;
    const auto disk = it.files;
    const auto failing = std::make_shared<failing_file_system>(disk);
    it.settings.files = failing;
    failing->fail_at(operation, true, "dead");
    const auto to = it.make();
    const bool alive = [&] {
      runtime_context context{it.place("a", 0, 1)};
      auto writer = to->make_writer();
      const std::int64_t values[] = {1};
      const timestamp stamps[] = {0};
      if (!writer->open(context) || !writer->write(values, stamps))
        return false;
      auto taken = writer->snapshot({.checkpoint_id = 1});
      return taken && taken->work();
    }();
    CHECK(it.visible().empty());
    it.settings.files = disk;
    auto second = it.open("b");
    REQUIRE(second->restore({}));
    it.write(*second, 1);
    it.snapshot(*second, 1);
    REQUIRE(second->checkpoint_completed(1));
    CHECK(it.visible() == "n\n1\n");
    CHECK(it.hidden() == 0);
    if (alive)
      break;
  }
}
