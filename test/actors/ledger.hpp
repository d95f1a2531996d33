#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libflow/connectors/transactions/two_phase_commit_sink.hpp"
#include "test/support/temporary_folder.hpp"

namespace flow {

/// A store with transactions that outlives every attempt of a job. The
/// transaction is its name, in which the run is: started-attempt.
template <class T>
class ledger {
public:
  using rows = std::vector<T>;

  void write(const std::string& name, std::span<const T> values) {
    const std::lock_guard guard{mutex_};
    auto& into = open_[name];
    into.insert(into.end(), values.begin(), values.end());
  }
  expected<void> commit(const std::string& name) {
    const std::lock_guard guard{mutex_};
    if (const auto found = open_.extract(name); !found.empty())
      rows_.insert(rows_.end(), found.mapped().begin(), found.mapped().end());
    return {};
  }
  void abort(const std::string& name) {
    const std::lock_guard guard{mutex_};
    open_.erase(name);
  }

  /// What was committed, in the order of the commits.
  [[nodiscard]] rows all_rows() const {
    const std::lock_guard guard{mutex_};
    return rows_;
  }
  [[nodiscard]] rows sorted_rows() const {
    rows result = all_rows();
    std::ranges::sort(result);
    return result;
  }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard guard{mutex_};
    return rows_.size();
  }

  std::atomic<int> openings{0}; ///< of its writers: attempts of subtasks

private:
  mutable std::mutex mutex_;
  std::map<std::string, rows> open_; // guarded by mutex_
  rows rows_;                        // guarded by mutex_
};

template <class T>
class ledger_target final : public transaction_target<T, std::string> {
public:
  explicit ledger_target(std::shared_ptr<ledger<T>> at) : at_(std::move(at)) {}

  expected<void> open(const runtime_context&) override {
    ++at_->openings;
    return {};
  }
  expected<std::string> begin(const std::string& name) override { return name; }
  expected<void> write(std::string& into, std::span<const T> values,
                       std::span<const timestamp>) override {
    at_->write(into, values);
    return {};
  }
  expected<void> pre_commit(std::string&) override { return {}; }
  expected<void> commit(const std::string& what) override {
    return at_->commit(what);
  }
  expected<void> abort(const std::string& what) override {
    at_->abort(what);
    return {};
  }

private:
  std::shared_ptr<ledger<T>> at_;
};

template <class T>
std::shared_ptr<const sink<T>> sink_into(const std::shared_ptr<ledger<T>>& at) {
  return std::make_shared<two_phase_commit_sink<T, std::string>>(
    "ledger", [at] { return std::make_unique<ledger_target<T>>(at); }, false);
}

} // namespace flow
