#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libflow/checkpoint/two_phase_commit.hpp"
#include "libflow/functions/sink.hpp"

namespace flow {

/// Names the transactions of one writer: job, operator, subtask, run, and the
/// checkpoint that came before. Nobody else ever uses the name, neither another
/// job nor a former attempt.
struct transaction_names {
  std::string job_and_operator; ///< common to all subtasks and runs
  std::string writer;           ///< with subtask and run

  explicit transaction_names(const runtime_context& context)
    : job_and_operator(context.job_id() + "." + context.operator_id() + "."),
      writer(job_and_operator + std::to_string(context.subtask_index()) + "."
             + context.run() + ".") {}

  [[nodiscard]] std::string after(std::uint64_t checkpoint) const {
    return writer + std::to_string(checkpoint);
  }
};

/// A store with transactions, as one writer sees it. `Transaction` is what has
/// to be known to commit or abort one from anywhere, also from another process.
/// Calls come from one thread; they may block when the sink says so.
template <class T, codable Transaction>
class transaction_target {
public:
  virtual ~transaction_target() = default;

  virtual expected<void> open(const runtime_context&) { return {}; }

  virtual expected<Transaction> begin(const std::string& name) = 0;
  virtual expected<void> write(Transaction& into, std::span<const T> values,
                               std::span<const timestamp> stamps) = 0;

  /// After this, commit must be possible whatever happens to this process.
  virtual expected<void> pre_commit(Transaction& what) = 0;

  /// May come again for one that is committed: no error then. One that the
  /// store has dropped meanwhile (its timeout) is lost data: an error.
  virtual expected<void> commit(const Transaction& what) = 0;

  /// May come for one that is gone.
  virtual expected<void> abort(const Transaction& what) = 0;

  /// The same for transactions of a restored checkpoint.
  virtual expected<void> recover_and_commit(const Transaction& what) {
    return commit(what);
  }
  virtual expected<void> recover_and_abort(const Transaction& what) {
    return abort(what);
  }

  /// Aborts what former attempts left open and no checkpoint knows: those whose
  /// name begins with `job_and_operator`, belong to a subtask that is `index`
  /// modulo `parallelism`, and are not of `run`. Called when the first
  /// checkpoint after a restore has completed. A store without a list relies on
  /// its timeout.
  virtual expected<void>
  abort_left_over(const std::string& /*job_and_operator*/,
                  std::uint32_t /*index*/, std::uint32_t /*parallelism*/,
                  const std::string& /*run*/) {
    return {};
  }

  virtual void close() {}
};

/// Exactly once into a store with transactions, after every fault but one that
/// outlasts the store's own timeout for prepared transactions: a row shows when
/// its checkpoint has completed. Without checkpoints all shows at the end of
/// the job.
template <class T, codable Transaction>
class two_phase_commit_sink final : public sink<T> {
public:
  using target = transaction_target<T, Transaction>;
  using make_target = std::function<std::unique_ptr<target>()>;

  /// @param make called once a subtask
  two_phase_commit_sink(std::string kind, make_target make,
                        bool blocking = true)
    : kind_(std::move(kind)), make_(std::move(make)), blocking_(blocking) {}

  [[nodiscard]] std::string kind() const override { return kind_; }
  [[nodiscard]] sink_guarantee guarantee() const override {
    return sink_guarantee::exactly_once;
  }
  [[nodiscard]] bool blocking() const override { return blocking_; }
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer() const override {
    return std::make_unique<writer>(make_());
  }

private:
  class writer final : public sink_writer<T> {
  public:
    explicit writer(std::unique_ptr<target> to) : target_(std::move(to)) {}

    expected<void> open(runtime_context& context) override {
      context_.emplace(context);
      names_.emplace(context);
      return target_->open(context);
    }

    expected<void> write(std::span<const T> values,
                         std::span<const timestamp> stamps) override {
      if (!current_) {
        auto begun = target_->begin(names_->after(last_checkpoint_));
        if (!begun)
          return begun.error();
        current_ = std::move(*begun);
      }
      return target_->write(*current_, values, stamps);
    }

    /// The transaction at hand is prepared; the next begins with the next
    /// record, so an idle sink holds none open.
    expected<writer_snapshot>
    snapshot(const snapshot_context& context) override {
      last_checkpoint_ = context.checkpoint_id;
      if (current_) {
        if (auto done = target_->pre_commit(*current_); !done)
          return done.error();
        commits_.prepared(context.checkpoint_id, std::move(*current_));
        current_.reset();
      }
      return writer_snapshot{commits_.entries(), {}};
    }

    expected<void>
    restore(std::span<const std::vector<std::byte>> entries) override {
      return commits_.recover(entries, [this](const Transaction& what) {
        return target_->recover_and_commit(what);
      });
    }

    expected<void> checkpoint_completed(std::uint64_t id) override {
      auto done = commits_.completed(
        id, [this](const Transaction& what) { return target_->commit(what); });
      if (!done || std::exchange(cleaned_, true))
        return done;
      return target_->abort_left_over(names_->job_and_operator,
                                      context_->subtask_index(),
                                      context_->parallelism(), context_->run());
    }

    /// Aborts what no checkpoint holds; what one holds is committed or aborted
    /// by whoever restores.
    void close() override {
      if (current_)
        (void)target_->abort(*current_);
      target_->close();
    }

  private:
    std::unique_ptr<target> target_;
    std::optional<runtime_context> context_;
    std::optional<transaction_names> names_;
    std::optional<Transaction> current_;
    two_phase_commit<Transaction> commits_;
    std::uint64_t last_checkpoint_ = 0;
    bool cleaned_ = false;
  };

  std::string kind_;
  make_target make_;
  bool blocking_;
};

} // namespace flow
