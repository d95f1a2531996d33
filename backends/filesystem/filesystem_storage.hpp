#pragma once

#include <memory>
#include <string>

#include "libflow/checkpoint/checkpoint_storage.hpp"
#include "libflow/core/file_system.hpp"

namespace flow {

/// Checkpoints as directories, see libflow/checkpoint/FORMAT.md:
///
///     <folder>/chk-<n>/_metadata     last, by rename: without it, nothing
///     <folder>/chk-<n>/state-<name>  states that are not small
///
/// States of up to `inline_bytes` stay in their handles and so in the metadata.
class filesystem_storage final : public checkpoint_storage {
public:
  static constexpr std::uint64_t inline_bytes = std::uint64_t{16} << 10;

  /// @param folder of the job; made when the first checkpoint is written
  filesystem_storage(std::shared_ptr<file_system> files, std::string folder)
    : files_(std::move(files)), folder_(std::move(folder)) {}

  [[nodiscard]] std::string describe() const override {
    return "files in " + folder_;
  }

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
  [[nodiscard]] std::string path_of(std::uint64_t checkpoint_id) const;
  expected<std::vector<std::uint64_t>> ids(bool only_published);

  const std::shared_ptr<file_system> files_;
  const std::string folder_;
};

} // namespace flow
