#pragma once

#include "libflow/api/keyed_stream.hpp"
#include "tools/bench/directed_source.hpp"
#include "tools/bench/job.hpp"
#include "tools/bench/scratch_folder.hpp"

namespace flow::bench {

/// Keeps a value under each key. `Values` says what it is: a type `value`,
/// make(key) -> value, change(value&, key, number), digest(key, value) -> a
/// number, 0: it is not one that make and change came to.
template <class Values>
class keep_values {
public:
  explicit keep_values(director& to) : director_(&to) {}

  void open(keyed_runtime_context<std::uint64_t>& context) {
    state_ =
      context.state(value_state_descriptor<typename Values::value>{"kept", {}});
    share_ = &director_->of(context.subtask_index());
    if (context.attempt() > 1)
      director_->note_restored();
  }

  void process(const directed_event& in, keyed_context<std::uint64_t>&,
               collector<directed_event>& out) {
    using share = director::share;
    if (director_->watches_gaps() && in.what == order::update)
      gaps_.mark(*director_);
    if (in.what == order::fill) {
      state_.set(Values::make(in.key));
    } else if (in.what == order::update) {
      state_.update(
        [&](auto& value) { Values::change(value, in.key, in.number); });
    } else {
      const std::uint64_t digest =
        state_.has_value() ? Values::digest(in.key, state_.value()) : 0;
      share::add(share_->digest, digest);
      share::add(share_->missing, digest == 0 ? 1 : 0);
      share::add(share_->checked, 1);
    }
    share::add(share_->records, 1);
    out.emit(in);
  }

private:
  director* director_;               // not owned
  director::share* share_ = nullptr; // the director's
  value_state<typename Values::value> state_;
  gap_meter gaps_;
};

/// Takes records and forgets them.
class discarding_sink final : public sink<directed_event> {
public:
  [[nodiscard]] std::string kind() const override { return "discard"; }
  [[nodiscard]] sink_guarantee guarantee() const override {
    return sink_guarantee::at_most_once;
  }
  [[nodiscard]] std::unique_ptr<sink_writer<directed_event>>
  make_writer() const override;
};

/// What all values of a job come to.
struct checked_values {
  std::uint64_t count = 0;
  std::uint64_t digest = 0;
  std::uint64_t missing = 0;

  friend bool operator==(const checked_values&,
                         const checked_values&) = default;
};

/// A job with a value under each key that fills, updates, checks and fails at
/// command, and takes a checkpoint when it is told to.
/// Owner: the bench. Its end cancels the job.
class directed_job {
public:
  template <class Values>
  static expected<std::unique_ptr<directed_job>>
  start(const settings& wanted, state_backend_kind backend, std::uint64_t keys,
        bool watch_gaps = false) {
    std::unique_ptr<directed_job> made{
      new directed_job{wanted.parallelism, keys, watch_gaps}};
    stream_environment env{made->options(wanted, backend, watch_gaps)};
    env
      .from_source<directed_event>(
        std::make_shared<directed_source>(made->director_))
      .uid("orders")
      .key_by(&directed_event::key)
      .process<directed_event>(keep_values<Values>{made->director_})
      .uid("keep")
      .sink_to(std::make_shared<discarding_sink>())
      .uid("discard");
    auto job = env.execute_async();
    if (!job)
      return job.error();
    made->job_ = std::move(*job);
    return made;
  }

  /// Has every key seen once.
  expected<void> fill();
  expected<checked_values> check();

  /// From now on, until wait(), keys at random.
  /// @param rate  records per second; 0: as many as can be
  void update(double rate);

  /// No more records; returns when all have arrived.
  expected<void> settle();

  /// Has nothing else done for some time. Errors: the job has ended.
  expected<void> watch(nanoseconds time);

  /// Begins a checkpoint, and waits for its end.
  expected<checkpoint_report> take_checkpoint();
  void begin_checkpoint();
  expected<checkpoint_report> end_checkpoint();

  /// Has the job fail and begin again from its last checkpoint.
  expected<void> restart();

  /// Records that have reached the keyed operator.
  [[nodiscard]] std::uint64_t processed() const {
    return director_.sum(&director::share::records);
  }
  [[nodiscard]] std::vector<gap> take_gaps() { return director_.take_gaps(); }
  [[nodiscard]] std::string metrics() { return job_->metrics(); }

private:
  directed_job(std::uint32_t parallelism, std::uint64_t keys, bool watch_gaps)
    : parallelism_(parallelism), director_(keys, watch_gaps) {}

  job_options options(const settings& wanted, state_backend_kind backend,
                      bool prompt) const;
  template <class Condition>
  expected<void> until(Condition&& holds);

  std::uint32_t parallelism_;
  scratch_folder folder_;
  director director_;
  std::uint64_t completed_before_ = 0; // when the checkpoint began
  std::uint64_t failed_before_ = 0;
  std::unique_ptr<running_job> job_; // before the director ends
};

} // namespace flow::bench
