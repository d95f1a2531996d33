#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libflow/connectors/transactions/two_phase_commit_sink.hpp"

namespace flow {

/// A store that takes batches and remembers their names, as one writer sees it.
template <class T>
class write_ahead_target {
public:
  virtual ~write_ahead_target() = default;

  virtual expected<void> open(const runtime_context&) { return {}; }

  /// Whether a batch of this name was committed before, by whoever.
  virtual expected<bool> has(const std::string& name) = 0;

  /// Writes the rows and remembers the name. Exactly once if that is one step
  /// of the store's; else a failure between the two writes the rows twice.
  virtual expected<void> commit(const std::string& name,
                                std::span<const T> rows) = 0;

  virtual void close() {}
};

/// Rows that nobody changes any more: a snapshot refers to them.
template <class T>
struct write_ahead_rows {
  std::shared_ptr<const std::vector<T>> rows; ///< never null once made
};

/// As a list of rows.
template <class T>
struct codec<write_ahead_rows<T>> {
  static constexpr std::size_t min_size = 4;

  static void encode(const write_ahead_rows<T>& value, byte_writer& out) {
    codec<std::vector<T>>::encode(*value.rows, out);
  }
  [[nodiscard]] static bool decode(byte_reader& in,
                                   write_ahead_rows<T>& value) noexcept {
    std::vector<T> rows;
    if (!codec<std::vector<T>>::decode(in, rows))
      return false;
    value.rows = std::make_shared<const std::vector<T>>(std::move(rows));
    return true;
  }
  [[nodiscard]] static std::string schema() {
    return codec<std::vector<T>>::schema();
  }
};

/// Rows wait in the state until their checkpoint has completed, and are handed
/// over then, each batch once. For stores without transactions that last. The
/// rows of one interval, of each subtask, have to fit into memory.
///
/// Exactly once after every fault, however long the store or the job is away,
/// if the target's commit is one step; if not, a batch may show twice when job
/// or store die within it. Without checkpoints all shows at the end of the job.
template <codable T>
class write_ahead_sink final : public sink<T> {
public:
  using target = write_ahead_target<T>;
  using make_target = std::function<std::unique_ptr<target>()>;

  /// @param atomic whether the target's commit is one step
  write_ahead_sink(std::string kind, make_target make, bool atomic,
                   bool blocking = true)
    : kind_(std::move(kind)), make_(std::move(make)), atomic_(atomic),
      blocking_(blocking) {}

  [[nodiscard]] std::string kind() const override { return kind_; }
  [[nodiscard]] sink_guarantee guarantee() const override {
    return atomic_ ? sink_guarantee::exactly_once
                   : sink_guarantee::at_least_once;
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
      names_.emplace(context);
      return target_->open(context);
    }

    expected<void> write(std::span<const T> values,
                         std::span<const timestamp>) override {
      rows_.insert(rows_.end(), values.begin(), values.end());
      return {};
    }

    expected<writer_snapshot>
    snapshot(const snapshot_context& context) override {
      if (!rows_.empty())
        commits_.prepared(context.checkpoint_id,
                          named_rows{names_->after(context.checkpoint_id),
                                     {std::make_shared<const std::vector<T>>(
                                       std::exchange(rows_, {}))}});
      writer_snapshot result;
      if (!commits_.empty())
        result.large_entries = [taken = commits_] { return taken.entries(); };
      return result;
    }

    expected<void>
    restore(std::span<const std::vector<std::byte>> entries) override {
      return commits_.recover(entries, hand_over());
    }

    expected<void> checkpoint_completed(std::uint64_t id) override {
      return commits_.completed(id, hand_over());
    }

    void close() override { target_->close(); }

  private:
    using named_rows = std::pair<std::string, write_ahead_rows<T>>;

    auto hand_over() {
      return [this](const named_rows& what) -> expected<void> {
        auto known = target_->has(what.first);
        if (!known)
          return known.error();
        return *known ? expected<void>{}
                      : target_->commit(what.first, *what.second.rows);
      };
    }

    std::unique_ptr<target> target_;
    std::optional<transaction_names> names_;
    std::vector<T> rows_; // since the last barrier
    two_phase_commit<named_rows> commits_;
  };

  std::string kind_;
  make_target make_;
  bool atomic_;
  bool blocking_;
};

} // namespace flow
