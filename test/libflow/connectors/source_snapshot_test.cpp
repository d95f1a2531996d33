#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "apps/sequence/keyed_numbers.hpp"
#include "libflow/connectors/csv/csv_source.hpp"
#include "libflow/connectors/files/text_source.hpp"
#include "test/libflow/connectors/memory_file_system.hpp"
#include "test/support/collecting_receiver.hpp"
#include "test/support/test_seed.hpp"

using namespace flow;
using flow::test::memory_file_system;

namespace {

std::string shown(const text& line) {
  return line.to_string();
}

std::string shown(const sequence::numbered& record) {
  return std::to_string(record.key) + ":" + std::to_string(record.seq);
}

/// One subtask of a source.
template <class T>
struct subtask {
  subtask(const source<T>& from, std::uint32_t index, std::uint32_t parallelism)
    : reader(from.make_reader()) {
    sides.bind(dead_letter_tag().name(), rejected);
    runtime_context::place where;
    where.subtask_index = index;
    where.parallelism = parallelism;
    context = std::make_unique<source_context>(where, sides,
                                               [this] { wants_split = true; });
    REQUIRE(reader->open(*context));
  }

  collecting_receiver<csv_malformed_row> rejected;
  side_outputs sides;
  std::unique_ptr<source_context> context;
  std::unique_ptr<source_reader<T>> reader;
  bool wants_split = false;
  bool finished = false;
};

/// A source that is read by subtasks which are replaced again and again.
template <class T>
class replaced_run {
public:
  replaced_run(const source<T>& from, std::uint32_t parallelism)
    : from_(from), coordinator_(from.make_coordinator()) {
    if (coordinator_)
      REQUIRE(coordinator_->open(parallelism));
    start(parallelism);
  }

  [[nodiscard]] bool finished() const {
    return std::all_of(subtasks_.begin(), subtasks_.end(),
                       [](const auto& each) { return each->finished; });
  }

  [[nodiscard]] std::size_t size() const { return subtasks_.size(); }

  void poll(std::size_t i, std::size_t room) {
    auto& task = *subtasks_[i];
    if (task.finished)
      return;
    auto out = record_batch<T>::make();
    const auto result = task.reader->poll(*out, room);
    REQUIRE_MESSAGE(result, (result ? "" : result.error().text));
    task.sides.flush();
    task.finished = result->status == poll_status::finished;
    for (const auto& value : std::as_const(*out).values())
      seen.push_back(shown(value));
    for (const auto& bad : task.rejected.take()) {
      std::string line;
      append_dead_letter(bad.value, line);
      seen.push_back(line);
    }
  }

  /// The coordinator's answer to reader i, if it has asked.
  /// @return whether it is a split
  bool answer(std::size_t i) {
    auto& task = *subtasks_[i];
    if (!std::exchange(task.wants_split, false))
      return false;
    const auto split = coordinator_->next(static_cast<std::uint32_t>(i));
    REQUIRE(split);
    if (*split)
      REQUIRE(task.reader->add_split(**split));
    else
      task.reader->no_more_splits();
    return split->has_value();
  }

  /// New readers go on, each with its predecessor's positions.
  void replace() {
    const auto positions = replace_coordinator(subtasks_.size());
    for (std::size_t i = 0; i < subtasks_.size(); ++i)
      REQUIRE(subtasks_[i]->reader->restore(positions[i]));
  }

  /// As many new readers go on, with all positions dealt out at random.
  void redistribute(std::uint32_t parallelism, std::mt19937_64& random) {
    std::vector<byte_string> all;
    for (const auto& list : replace_coordinator(parallelism))
      all.insert(all.end(), list.begin(), list.end());
    std::vector<std::vector<byte_string>> dealt(parallelism);
    for (const auto& entry : all)
      dealt[random() % parallelism].push_back(entry);
    for (std::size_t i = 0; i < parallelism; ++i)
      REQUIRE(subtasks_[i]->reader->restore(dealt[i]));
  }

  std::vector<std::string> seen;

private:
  void start(std::size_t parallelism) {
    subtasks_.clear();
    for (std::size_t i = 0; i < parallelism; ++i)
      subtasks_.push_back(
        std::make_unique<subtask<T>>(from_, static_cast<std::uint32_t>(i),
                                     static_cast<std::uint32_t>(parallelism)));
  }

  /// @return what the old readers' snapshots held
  std::vector<std::vector<byte_string>>
  replace_coordinator(std::size_t parallelism) {
    std::vector<std::vector<byte_string>> positions;
    for (const auto& each : subtasks_)
      positions.push_back(each->reader->snapshot());
    if (coordinator_) {
      const byte_string stored = coordinator_->snapshot();
      coordinator_ = from_.make_coordinator();
      REQUIRE(coordinator_->open(static_cast<std::uint32_t>(parallelism)));
      REQUIRE(coordinator_->restore(stored));
      CHECK(coordinator_->snapshot() == stored);
    }
    start(parallelism);
    return positions;
  }

  const source<T>& from_;
  std::unique_ptr<split_coordinator> coordinator_;
  std::vector<std::unique_ptr<subtask<T>>> subtasks_;
};

template <class T>
std::vector<std::string> read_at_once(const source<T>& from,
                                      std::size_t room = 1000) {
  replaced_run<T> run{from, 1};
  while (!run.finished()) {
    run.poll(0, room);
    run.answer(0);
  }
  return run.seen;
}

/// Reads with one reader that is replaced after every poll and split.
template <class T>
std::vector<std::string> read_replaced(const source<T>& from,
                                       std::size_t room) {
  replaced_run<T> run{from, 1};
  while (!run.finished()) {
    const std::size_t before = run.seen.size();
    run.poll(0, room);
    if (run.seen.size() > before && !run.finished())
      run.replace();
    if (run.answer(0))
      run.replace();
  }
  return run.seen;
}

/// Reads with readers whose number changes all the time, whether or not a
/// split is on its way to one.
template <class T>
std::vector<std::string> read_redistributed(const source<T>& from,
                                            std::mt19937_64& random) {
  replaced_run<T> run{from, 3};
  while (!run.finished()) {
    const std::size_t before = run.seen.size();
    for (std::size_t i = 0; i < run.size(); ++i) {
      run.poll(i, 1 + random() % 400);
      if (random() % 2 == 0)
        run.answer(i);
    }
    if (run.seen.size() > before && !run.finished())
      run.redistribute(1 + static_cast<std::uint32_t>(random() % 5), random);
    else
      for (std::size_t i = 0; i < run.size(); ++i)
        run.answer(i);
  }
  std::sort(run.seen.begin(), run.seen.end());
  return run.seen;
}

template <class T>
void check_positions(const source<T>& from) {
  for (const std::size_t room : {97U, 1000U})
    CHECK((read_replaced(from, room) == read_at_once(from, room)));
  std::mt19937_64 random{test_seed()};
  auto wanted = read_at_once(from);
  std::sort(wanted.begin(), wanted.end());
  for (int round = 0; round < 5; ++round)
    CHECK((read_redistributed(from, random) == wanted));
}

auto csv_of(std::shared_ptr<memory_file_system> files) {
  csv_source_settings settings;
  settings.files = std::move(files);
  settings.path = "f.csv";
  settings.columns = {{"key", csv_type::text}, {"n", csv_type::integer}};
  settings.on_error = csv_error_policy::dead_letter;
  return make_csv_source(std::move(settings), [](const csv_row& row) {
    return text{std::string{row.text(0)} + "="
                + std::to_string(row.integer(1))};
  });
}

} // namespace

TEST_CASE("rows of a CSV are read on from every position, malformed ones with "
          "their line numbers") {
  auto files = std::make_shared<memory_file_system>();
  std::string rows = "key,n\n";
  for (int i = 0; i < 12'000; ++i) {
    rows += i % 50 == 7 ? "\"a, quoted \"\"key\"\"\"" : "a key of some bytes";
    rows += std::string{","} + (i % 70 == 9 ? "x" : std::to_string(i));
    rows += i % 3 == 0 ? "\r\n" : "\n";
  }
  rows += "the last without an end,1";
  files->put("f.csv", rows);
  const auto from = csv_of(files);
  CHECK(read_at_once(*from).size() == 12'001);
  check_positions<text>(*from);
}

TEST_CASE("lines of a text file are read on from every position") {
  auto files = std::make_shared<memory_file_system>();
  std::string all;
  for (int i = 0; i < 20'000; ++i)
    all += std::string(static_cast<std::size_t>(i % 37), 'x') + " "
           + std::to_string(i) + "\n";
  files->put("t", all);
  const text_source from{files, "t"};
  CHECK(read_at_once(from).size() == 20'000);
  check_positions(from);
}

TEST_CASE("a line that comes in pieces is read on from each of them") {
  auto files = std::make_shared<memory_file_system>();
  std::string all = "first\n";
  for (int i = 0; i < 600'000; ++i)
    all += std::to_string(i) + " ";
  all += "\nlast\n";
  files->put("t", all);
  const text_source from{files, "t"};
  const auto pieces = read_replaced(from, 1);
  CHECK(pieces.size() > 4);
  CHECK(pieces.front() == "first");
  CHECK(pieces.back() == "last");
  // Where it is cut depends on what was read at once; a word stays whole.
  std::string line;
  for (std::size_t i = 1; i + 1 < pieces.size(); ++i) {
    CHECK((pieces[i].empty() || pieces[i].back() == ' '));
    line += pieces[i];
  }
  CHECK(("first\n" + line + "\nlast\n" == all));
}

TEST_CASE("a file coordinator hands out what came back after a restore") {
  auto files = std::make_shared<memory_file_system>();
  files->put("t", std::string(1'000'000, '\n'));
  const text_source from{files, "t"};
  auto first = from.make_coordinator();
  CHECK(first->snapshot().empty());
  REQUIRE(first->open(2));
  std::vector<byte_string> handed;
  for (int i = 0; i < 3; ++i)
    handed.push_back(**first->next(0));
  first->give_back({handed[2], handed[0]});
  const auto stored = first->snapshot();
  auto second = from.make_coordinator();
  REQUIRE(second->open(5));
  REQUIRE(second->restore(stored));
  CHECK(**second->next(1) == handed[0]);
  CHECK(**second->next(0) == handed[2]);
  CHECK(**first->next(0) == handed[0]);
  CHECK(**first->next(0) == handed[2]);
  for (bool more = true; more;) {
    const auto a = first->next(0);
    const auto b = second->next(3);
    REQUIRE(a);
    REQUIRE(b);
    CHECK(*a == *b);
    more = a->has_value();
  }
  for (std::size_t size = 0; size < stored.size(); ++size)
    CHECK_FALSE(
      from.make_coordinator()->restore(std::span{stored}.first(size)));
}

TEST_CASE("a reader refuses positions that are none") {
  auto files = std::make_shared<memory_file_system>();
  files->put("f.csv", "key,n\na,1\n");
  files->put("t", "a\n");
  const std::vector<byte_string> damaged{byte_string(7)};
  const auto rows = csv_of(files);
  CHECK_FALSE(subtask<text>(*rows, 0, 1).reader->restore(damaged));
  const text_source lines{files, "t"};
  CHECK_FALSE(subtask<text>(lines, 0, 1).reader->restore(damaged));
  const sequence::keyed_numbers numbers{10, 10};
  CHECK_FALSE(
    subtask<sequence::numbered>(numbers, 0, 1).reader->restore(damaged));
}

TEST_CASE("keyed numbers are read on from every position") {
  const sequence::keyed_numbers from{300, 20};
  CHECK(read_at_once(from).size() == 6000);
  check_positions(from);
  const sequence::keyed_numbers few{3, 200};
  check_positions(few);
}
