#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "libflow/api/stream_environment.hpp"
#include "tools/bench/bench.hpp"
#include "tools/bench/pace.hpp"
#include "tools/bench/tape.hpp"

namespace flow::bench {

/// What the tasks of one vertex of a job counted.
struct vertex_counts {
  std::string name;
  std::vector<std::uint64_t> records_in; ///< a number a subtask
  std::uint64_t batches_in = 0;          ///< delivered to its subtask actors
  std::uint64_t bytes_remote = 0;        ///< sent to other processes

  [[nodiscard]] std::uint64_t total() const;
};

/// Runs a job to its end.
/// @param most_state  if given, becomes the most bytes in state that all tasks
///                    together had, looked at ten times a second
/// @return the counts of its vertices, from its metrics
expected<std::vector<vertex_counts>>
run_job(stream_environment& env, std::uint64_t* most_state = nullptr);

/// Reads the counts of a job's vertices out of its metrics.
std::vector<vertex_counts> read_counts(std::string_view metrics);

/// Options of a bench's job.
[[nodiscard]] job_options make_options(const settings& wanted);

/// An environment for a bench's job.
/// @param rows_per_watermark  0: watermarks by the clock
[[nodiscard]] stream_environment
make_environment(const settings& wanted, std::uint64_t rows_per_watermark = 0);

/// What was left out, one clause; empty when all was done: every vertex has
/// `parallelism` subtasks that took their share, and was given `records`.
[[nodiscard]] std::string skipped_work(const std::vector<vertex_counts>& counts,
                                       std::uint32_t parallelism,
                                       std::uint64_t records);

/// Batches that reached subtask actors through their mailboxes.
[[nodiscard]] std::uint64_t
messages_of(const std::vector<vertex_counts>& counts);

/// Which pace a source keeps, and who its first reader is there. No pace: each
/// reads as it can.
struct paced {
  std::shared_ptr<pace> with;
  std::size_t first = 0;
};

/// Reads tape i in subtask i.
template <class Record>
class tape_source final : public source<Record> {
public:
  tape_source(const std::vector<tape<Record>>& tapes, std::uint32_t batch,
              paced how = {})
    : tapes_(&tapes), batch_(batch), paced_(std::move(how)) {}

  [[nodiscard]] std::string kind() const override { return "tape"; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] replay_guarantee replay() const override {
    return replay_guarantee::at_most_once;
  }
  [[nodiscard]] std::unique_ptr<source_reader<Record>>
  make_reader() const override {
    return std::make_unique<reader>(*tapes_, batch_, paced_);
  }

private:
  class reader final : public source_reader<Record> {
  public:
    reader(const std::vector<tape<Record>>& tapes, std::uint32_t batch,
           paced how)
      : tapes_(&tapes), batch_(batch), paced_(std::move(how)) {}

    expected<void> open(source_context& context) override {
      tape_ = &(*tapes_)[context.subtask_index()];
      paced_.first += context.subtask_index();
      return {};
    }

    expected<poll_result> poll(record_batch<Record>& out,
                               std::size_t room) override {
      if (paced_.with && paced_.with->ahead(paced_.first, next_))
        return poll_result{poll_status::waiting, std::chrono::milliseconds{1}};
      const std::uint64_t count = std::min<std::uint64_t>(
        std::min<std::size_t>(room, batch_), tape_->length() - next_);
      auto [values, stamps] = out.append_uninitialized(count);
      tape_->read(next_, next_ + count,
                  [&, i = std::size_t{0}, values = values, stamps = stamps](
                    const Record& value, timestamp time) mutable {
                    values[i] = value;
                    stamps[i++] = time;
                  });
      next_ += count;
      return poll_result{next_ == tape_->length() ? poll_status::finished
                                                  : poll_status::more,
                         {}};
    }

    void stop() override { next_ = tape_->length(); }

  private:
    const std::vector<tape<Record>>* tapes_;
    const tape<Record>* tape_ = nullptr;
    std::size_t batch_;
    paced paced_;
    std::uint64_t next_ = 0;
  };

  const std::vector<tape<Record>>* tapes_; // not owned
  std::uint32_t batch_;
  paced paced_;
};

/// A folder where worker processes leave what their sinks came to; they find
/// it by the environment. Owner: the bench; its end removes the folder.
class result_folder {
public:
  /// In a worker it is the folder of the bench's process.
  result_folder();
  result_folder(const result_folder&) = delete;
  result_folder& operator=(const result_folder&) = delete;
  ~result_folder();

private:
  std::string path_; // empty in a worker
};

/// Where the writers of a sink leave what they came to. In a worker process
/// they leave it in the result folder.
/// @thread any
class shared_checksum {
public:
  void add(const checksum& part);

  /// Of this process and of all workers, whose results are taken away.
  [[nodiscard]] checksum total();

private:
  std::mutex mutex_;
  checksum total_; // guarded by mutex_
};

/// Sums up digest(record, timestamp) over all records.
template <class Record, class Digest>
class checksum_sink final : public sink<Record> {
public:
  checksum_sink(shared_checksum& total, Digest digest)
    : total_(&total), digest_(digest) {}

  [[nodiscard]] std::string kind() const override { return "checksum"; }
  [[nodiscard]] sink_guarantee guarantee() const override {
    return sink_guarantee::at_most_once;
  }
  [[nodiscard]] std::unique_ptr<sink_writer<Record>>
  make_writer() const override {
    return std::make_unique<writer>(*total_, digest_);
  }

private:
  class writer final : public sink_writer<Record> {
  public:
    writer(shared_checksum& total, Digest digest)
      : total_(&total), digest_(digest) {}

    expected<void> open(runtime_context&) override { return {}; }
    expected<void> write(std::span<const Record> values,
                         std::span<const timestamp> stamps) override {
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < values.size(); ++i)
        sum += digest_(values[i], stamps[i]);
      own_ += {values.size(), sum};
      return {};
    }
    void close() override { total_->add(std::exchange(own_, {})); }

  private:
    shared_checksum* total_;
    Digest digest_;
    checksum own_;
  };

  shared_checksum* total_; // not owned
  Digest digest_;
};

/// The same records partitioned by key, for an operator that is not keyed:
/// the key's hash travels with them all the same.
template <class Record, class Selector>
data_stream<Record> keyed_edge(const data_stream<Record>& from,
                               Selector selector) {
  auto origins = from.origins();
  for (auto& each : origins) {
    each.how = partitioning::hash;
    each.code = std::make_shared<keyed_exchange<Record, Selector>>(selector);
  }
  return {from.builder(), std::move(origins)};
}

} // namespace flow::bench
