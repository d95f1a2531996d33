#pragma once

#include <map>
#include <mutex>
#include <set>

#include "libflow/checkpoint/checkpoint_storage.hpp"
#include "libflow/core/file_system.hpp"
#include "libflow/core/page_pool.hpp"

namespace flow {

/// Checkpoints in the memory of the process that runs the job manager: they
/// survive failures of subtasks, not of that process. States stay within their
/// handles. The memory of a checkpoint that nothing refers to any more is kept
/// for the next one: between two of them as much again as is stored.
class memory_storage final : public checkpoint_storage {
public:
  /// @param files where a checkpoint lies that a job is begun from
  explicit memory_storage(std::shared_ptr<file_system> files)
    : files_(std::move(files)) {}

  [[nodiscard]] std::string describe() const override { return "memory"; }

  expected<std::unique_ptr<state_output>>
  begin_state(std::uint64_t checkpoint_id, const std::string& name) override;
  expected<std::vector<std::byte>>
  read_state(const std::string& location, const state_handle& handle) override;
  expected<std::string>
  publish(std::shared_ptr<const checkpoint_metadata> metadata) override;
  expected<std::vector<std::uint64_t>> published() override;
  expected<std::vector<std::uint64_t>> begun() override;
  expected<stored_checkpoint> load(std::uint64_t checkpoint_id) override;
  expected<void> discard(std::uint64_t checkpoint_id) override;

private:
  const std::shared_ptr<file_system> files_;
  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<const checkpoint_metadata>>
    checkpoints_;                 // of mutex_
  std::set<std::uint64_t> begun_; // of mutex_
  const std::shared_ptr<page_pool> blocks_ = page_pool::make();
};

} // namespace flow
