#pragma once

#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libflow/api/collection_source.hpp"
#include "libflow/api/data_stream.hpp"
#include "libflow/core/job_options.hpp"
#include "libflow/core/owned.hpp"
#include "libflow/graph/graph_printer.hpp"
#include "libflow/graph/job_graph.hpp"
#include "libflow/job/job_client.hpp"
#include "libflow/operators/source_operator.hpp"

namespace flow {

class json_writer;

/// Where a program composes its job and runs it.
///
///     int main(int argc, char** argv) {
///       auto env = flow::stream_environment::from_args(argc, argv, "squares");
///       env.from_sequence(1, 4)
///         .map([](std::int64_t x) { return x * x; })
///         .print();
///       return env.execute();
///     }
///
/// Owner: main. One thread. Streams made from it share its graph and may
/// outlive it; they do not run anything.
class stream_environment {
public:
  /// Takes the options that every job has, and the program's `own`. A mistake
  /// in the arguments ends the program with a message and exit code 2, --help
  /// with 0.
  static stream_environment from_args(int argc, const char* const* argv,
                                      std::string name, option_set own = {});

  /// As above with a sentence and examples for --help.
  static stream_environment from_args(int argc, const char* const* argv,
                                      const program_about& about,
                                      option_set own = {});

  /// For tests and programs that have options of their own.
  explicit stream_environment(job_options options);

  [[nodiscard]] const job_options& options() const noexcept { return options_; }

  /// Holds all sources together to this many records per second by the wall
  /// clock, like --source-rate; 0: no limit.
  void limit_source_rate(std::uint64_t records_per_second) noexcept {
    options_.source_rate = records_per_second;
  }

  /// What tells this run from other jobs of the same program, besides its name:
  /// usually the output directory. A second start with the same text finds the
  /// first one's checkpoints. --job-id goes before it.
  void identify_by(std::string text) { identity_ = std::move(text); }

  /// The options with the job's id, for the actor-based API.
  [[nodiscard]] job_options identified_options() const;

  /// Which time the job is about; event time unless set. Holds for what is
  /// composed after it: with `ingestion` each source gives its records the time
  /// of their arrival and puts out watermarks that follow the clock, with
  /// `processing` the shorthands (`time_window` and its like) are windows of
  /// processing time. A stream may choose otherwise: by
  /// assign_timestamps_and_watermarks, by naming the kind of its windows, or
  /// `time_window(15s, time_domain::event)`.
  void set_time_characteristic(time_characteristic value) noexcept {
    builder_->time = value;
  }

  // -- sources ----------------------------------------------------------------

  template <class T>
  data_stream<T> from_source(std::shared_ptr<const source<T>> origin);

  /// The given records, in order, by one subtask.
  template <class T>
  data_stream<T> from_collection(std::vector<T> records) {
    return from_source<T>(
      std::make_shared<collection_source<T>>(std::move(records)));
  }

  /// The numbers first..last, dealt out over the subtasks, rising in each.
  data_stream<std::int64_t> from_sequence(std::int64_t first,
                                          std::int64_t last);

  // -- running ----------------------------------------------------------------

  /// The job as it would be deployed. Errors: all rules of the graph that are
  /// broken, each naming its operator.
  [[nodiscard]] expected<std::shared_ptr<const job_graph>> build() const;

  /// The graph as --explain prints it.
  [[nodiscard]] expected<std::string> explain(graph_format format) const;

  /// Runs the job to its end with live progress on stderr; with --explain
  /// prints the graph instead. Ctrl-C stops the job cleanly, a second one ends
  /// the process. Messages of failures go to stderr.
  /// @return the exit code for main (see docs: 0 done, 1 failed)
  [[nodiscard]] int execute();

  /// Has --summary end with members of the program's own; `add` is called
  /// inside the open object once the job has ended.
  void
  add_to_summary(std::function<void(const job_summary&, json_writer&)> add) {
    summary_members_ = std::move(add);
  }

  /// Starts the job and returns at once.
  [[nodiscard]] expected<std::unique_ptr<running_job>> execute_async();

  /// For the actor-based API, which adds nodes of its own.
  [[nodiscard]] const std::shared_ptr<graph_builder>& builder() const {
    return builder_;
  }

private:
  job_options options_;
  std::string identity_;
  std::shared_ptr<graph_builder> builder_;
  std::function<void(const job_summary&, json_writer&)> summary_members_;
};

namespace detail {

/// What a source says of itself.
struct source_facts {
  std::string kind;
  std::string out_type;
  replay_guarantee replay;
  bool bounded;
  bool single;
};

node_id add_source(graph_builder& builder, const source_facts& facts,
                   std::shared_ptr<const operator_code> code);

template <class T>
struct source_code final : operator_code {
  explicit source_code(std::shared_ptr<const source<T>> described)
    : origin(std::move(described)) {}

  [[nodiscard]] std::unique_ptr<operator_base>
  make(const std::string& name, receiver_base& out) const override {
    return make_owned<operator_base, source_operator<T>>(
      name, typed_record_type<T>::typed_receiver(out), origin->make_reader());
  }
  [[nodiscard]] const record_type* out_type() const override {
    return &record_type_of<T>();
  }
  [[nodiscard]] std::unique_ptr<split_coordinator>
  make_coordinator() const override {
    return origin->make_coordinator();
  }
  [[nodiscard]] bool blocking() const override { return origin->blocking(); }

  std::shared_ptr<const source<T>> origin;
};

} // namespace detail

template <class T>
data_stream<T>
stream_environment::from_source(std::shared_ptr<const source<T>> origin) {
  const detail::source_facts facts{origin->kind(), type_name<T>(),
                                   origin->replay(), origin->bounded(),
                                   origin->required_parallelism() == 1};
  return {builder_, detail::add_source(
                      *builder_, facts,
                      make_owned<const operator_code, detail::source_code<T>>(
                        std::move(origin)))};
}

} // namespace flow
