#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "libflow/functions/sink.hpp"

namespace flow {

/// The records that a `collect()` has gathered so far. Shared by the sink's
/// subtasks and the author's handle. @thread any
template <class T>
class collected {
public:
  struct shared_results {
    std::mutex mutex;
    std::vector<T> records; // guarded by mutex
  };

  explicit collected(std::shared_ptr<shared_results> results)
    : results_(std::move(results)) {}

  /// A copy of what is there; complete once the job has ended. Records of one
  /// subtask are in order.
  [[nodiscard]] std::vector<T> records() const {
    const std::lock_guard guard{results_->mutex};
    return results_->records;
  }

private:
  std::shared_ptr<shared_results> results_;
};

/// The sink behind `data_stream::collect`.
template <class T>
class collect_sink final : public sink<T> {
  using shared_results = typename collected<T>::shared_results;

public:
  [[nodiscard]] std::string kind() const override { return "collect"; }
  [[nodiscard]] sink_guarantee guarantee() const override {
    return sink_guarantee::at_least_once;
  }
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer() const override {
    return std::make_unique<writer>(results_);
  }
  [[nodiscard]] const std::shared_ptr<shared_results>& results() const {
    return results_;
  }

private:
  class writer final : public sink_writer<T> {
  public:
    explicit writer(std::shared_ptr<shared_results> results)
      : results_(std::move(results)) {}

    expected<void> open(runtime_context&) override { return {}; }
    expected<void> write(std::span<const T> values,
                         std::span<const timestamp>) override {
      const std::lock_guard guard{results_->mutex};
      results_->records.insert(results_->records.end(), values.begin(),
                               values.end());
      return {};
    }

  private:
    std::shared_ptr<shared_results> results_;
  };

  std::shared_ptr<shared_results> results_ = std::make_shared<shared_results>();
};

} // namespace flow
