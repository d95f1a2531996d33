#include <algorithm>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "libflow/connectors/transactions/two_phase_commit_sink.hpp"
#include "libflow/connectors/transactions/write_ahead_sink.hpp"

using namespace flow;

namespace {

/// A database that outlives the job's processes.
struct database {
  std::map<std::string, std::vector<std::int64_t>> open;
  std::map<std::string, std::vector<std::int64_t>> prepared;
  std::set<std::string> committed;
  std::vector<std::int64_t> rows; // that everybody sees
  bool down = false;

  [[nodiscard]] expected<void> answer() const {
    return down ? expected<void>{error{error_code::io, "no connection"}}
                : expected<void>{};
  }
};

/// What the database gives to one writer. The transaction is its name.
class database_target final
  : public transaction_target<std::int64_t, std::string> {
public:
  explicit database_target(database& at) : at_(&at) {}

  expected<std::string> begin(const std::string& name) override {
    CHECK_FALSE(at_->open.contains(name));
    at_->open[name];
    return name;
  }
  expected<void> write(std::string& into, std::span<const std::int64_t> values,
                       std::span<const timestamp>) override {
    auto& rows = at_->open.at(into);
    rows.insert(rows.end(), values.begin(), values.end());
    return at_->answer();
  }
  expected<void> pre_commit(std::string& what) override {
    if (at_->down)
      return at_->answer();
    at_->prepared.insert(at_->open.extract(what));
    return {};
  }
  expected<void> commit(const std::string& what) override {
    if (at_->down)
      return at_->answer();
    if (at_->committed.contains(what))
      return {};
    const auto found = at_->prepared.find(what);
    if (found == at_->prepared.end())
      return error{error_code::io, what + " has timed out",
                   error_severity::fatal};
    at_->rows.insert(at_->rows.end(), found->second.begin(),
                     found->second.end());
    at_->committed.insert(what);
    at_->prepared.erase(found);
    return {};
  }
  expected<void> abort(const std::string& what) override {
    at_->open.erase(what);
    at_->prepared.erase(what);
    return {};
  }
  expected<void> abort_left_over(const std::string& job_and_operator,
                                 std::uint32_t index, std::uint32_t parallelism,
                                 const std::string& run) override {
    auto stale = [&](const auto& entry) {
      if (!entry.first.starts_with(job_and_operator))
        return false;
      const std::string rest = entry.first.substr(job_and_operator.size());
      const auto subtask = static_cast<std::uint32_t>(std::stoul(rest));
      return subtask % parallelism == index
             && rest.find("." + run + ".") == std::string::npos;
    };
    std::erase_if(at_->open, stale);
    std::erase_if(at_->prepared, stale);
    return {};
  }

private:
  database* at_;
};

runtime_context context_of(const std::string& run, std::uint32_t index = 0,
                           std::uint32_t parallelism = 1) {
  runtime_context::place place;
  place.job_id = "job";
  place.operator_id = "sink";
  place.run = run;
  place.subtask_index = index;
  place.parallelism = parallelism;
  return runtime_context{place};
}

using writer_ptr = std::unique_ptr<sink_writer<std::int64_t>>;

writer_ptr open(const sink<std::int64_t>& of, const std::string& run,
                std::uint32_t index = 0, std::uint32_t parallelism = 1) {
  auto writer = of.make_writer();
  auto context = context_of(run, index, parallelism);
  REQUIRE(writer->open(context));
  return writer;
}

void write(sink_writer<std::int64_t>& to, std::int64_t value) {
  const std::int64_t values[] = {value};
  const timestamp stamps[] = {0};
  REQUIRE(to.write(values, stamps));
}

std::vector<std::vector<std::byte>> snapshot(sink_writer<std::int64_t>& of,
                                             std::uint64_t id) {
  auto taken = of.snapshot({.checkpoint_id = id});
  REQUIRE(taken);
  if (taken->large_entries)
    for (auto& each : taken->large_entries())
      taken->entries.push_back(std::move(each));
  return taken->entries;
}

using rows = std::vector<std::int64_t>;

} // namespace

TEST_CASE("transactions are committed with their checkpoints") {
  database db;
  const two_phase_commit_sink<std::int64_t, std::string> to{
    "database", [&] { return std::make_unique<database_target>(db); }};
  auto it = open(to, "run1");
  write(*it, 1);
  snapshot(*it, 1);
  write(*it, 2);
  CHECK(db.rows.empty());
  REQUIRE(it->checkpoint_completed(1));
  CHECK(db.rows == rows{1});
  snapshot(*it, 2);
  snapshot(*it, 3); // nothing was written: no transaction
  REQUIRE(it->checkpoint_completed(3));
  REQUIRE(it->checkpoint_completed(3));
  CHECK(db.rows == rows{1, 2});
  write(*it, 3);
  it->close();
  CHECK(db.open.empty());
}

TEST_CASE("every crash between barrier and commit ends the same") {
  // 0: before the checkpoint; 1: it completed, nobody heard; 2: half committed
  for (int point = 0; point < 3; ++point) {
    database db;
    const two_phase_commit_sink<std::int64_t, std::string> to{
      "database", [&] { return std::make_unique<database_target>(db); }};
    std::vector<std::vector<std::byte>> first;
    std::vector<std::vector<std::byte>> second;
    {
      auto a = open(to, "run1", 0, 2);
      auto b = open(to, "run1", 1, 2);
      write(*a, 1);
      write(*b, 2);
      first = snapshot(*a, 1);
      second = snapshot(*b, 1);
      if (point == 2)
        REQUIRE(a->checkpoint_completed(1));
      write(*a, 10); // lost with the process
    }
    if (point == 0)
      first = second = {};
    first.insert(first.end(), second.begin(), second.end());
    // One writer takes over from two.
    auto next = open(to, "run2");
    REQUIRE(next->restore(first));
    if (point == 0) {
      write(*next, 1);
      write(*next, 2);
    }
    snapshot(*next, 2);
    REQUIRE(next->checkpoint_completed(2));
    std::ranges::sort(db.rows);
    CHECK(db.rows == rows{1, 2});
    CHECK(db.open.empty());
    CHECK(db.prepared.empty());
  }
}

TEST_CASE("a commit that fails fails loudly and is tried again") {
  database db;
  const two_phase_commit_sink<std::int64_t, std::string> to{
    "database", [&] { return std::make_unique<database_target>(db); }};
  auto it = open(to, "run1");
  write(*it, 1);
  const auto entries = snapshot(*it, 1);
  db.down = true;
  CHECK_FALSE(it->checkpoint_completed(1));
  db.down = false;
  auto next = open(to, "run2");
  REQUIRE(next->restore(entries));
  CHECK(db.rows == rows{1});
  // The store has dropped what was prepared: that is never passed over.
  write(*next, 2);
  const auto lost = snapshot(*next, 2);
  db.prepared.clear();
  auto last = open(to, "run3");
  const auto done = last->restore(lost);
  REQUIRE_FALSE(done);
  CHECK(done.error().severity == error_severity::fatal);
}

namespace {

class log_target final : public write_ahead_target<std::int64_t> {
public:
  explicit log_target(database& at) : at_(&at) {}

  expected<bool> has(const std::string& name) override {
    return at_->committed.contains(name);
  }
  expected<void> commit(const std::string& name,
                        std::span<const std::int64_t> values) override {
    if (at_->down)
      return at_->answer();
    at_->rows.insert(at_->rows.end(), values.begin(), values.end());
    at_->committed.insert(name);
    return {};
  }

private:
  database* at_;
};

} // namespace

TEST_CASE("rows written ahead are handed over once") {
  database db;
  const write_ahead_sink<std::int64_t> to{
    "log", [&] { return std::make_unique<log_target>(db); }, true};
  auto it = open(to, "run1");
  write(*it, 1);
  const auto entries = snapshot(*it, 1);
  write(*it, 2);
  REQUIRE(it->checkpoint_completed(1));
  CHECK(db.rows == rows{1});
  // Restored from 1 although it was committed: nothing comes twice.
  auto next = open(to, "run2");
  REQUIRE(next->restore(entries));
  CHECK(db.rows == rows{1});
  write(*next, 2);
  const auto later = snapshot(*next, 2);
  db.down = true;
  CHECK_FALSE(next->checkpoint_completed(2));
  db.down = false;
  auto last = open(to, "run3");
  REQUIRE(last->restore(later));
  CHECK(db.rows == rows{1, 2});
}
