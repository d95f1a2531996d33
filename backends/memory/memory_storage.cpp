#include "backends/memory/memory_storage.hpp"

#include <functional>

#include "libflow/checkpoint/checkpoint_files.hpp"
#include "libflow/checkpoint/inline_state.hpp"

namespace flow {

namespace {

constexpr std::string_view location_prefix = "memory:chk-";

/// A state that grows by doubling is copied as often as it is written: what
/// the last one of its name came to is a good guess.
class memory_state_output final : public state_output {
public:
  memory_state_output(std::size_t expected,
                      std::function<void(std::size_t)> finished)
    : finished_(std::move(finished)) {
    bytes_.reserve(expected);
  }

  expected<void> append(std::span<const std::byte> bytes) override {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return {};
  }
  expected<state_handle> finish() override {
    finished_(bytes_.size());
    return inline_state(std::move(bytes_));
  }

private:
  std::vector<std::byte> bytes_;
  std::function<void(std::size_t)> finished_;
};

} // namespace

expected<std::unique_ptr<state_output>>
memory_storage::begin_state(std::uint64_t checkpoint_id,
                            const std::string& name) {
  const std::lock_guard guard{mutex_};
  begun_.insert(checkpoint_id);
  const auto last = last_bytes_.find(name);
  const std::size_t room =
    last != last_bytes_.end() ? last->second + last->second / 8 : 0;
  return std::unique_ptr<state_output>{std::make_unique<memory_state_output>(
    room, [this, name](std::size_t bytes) {
      const std::lock_guard noting{mutex_};
      last_bytes_[name] = bytes;
    })};
}

expected<std::vector<std::byte>>
memory_storage::read_state(const std::string& location,
                           const state_handle& handle) {
  return read_stored_state(*files_, location, handle);
}

expected<std::string>
memory_storage::publish(std::shared_ptr<const checkpoint_metadata> metadata) {
  const std::lock_guard guard{mutex_};
  const std::uint64_t id = metadata->checkpoint_id;
  begun_.insert(id);
  if (!checkpoints_.emplace(id, std::move(metadata)).second)
    return error{error_code::io,
                 "checkpoint " + std::to_string(id) + " exists already"};
  return std::string{location_prefix} + std::to_string(id);
}

expected<std::vector<std::uint64_t>> memory_storage::published() {
  const std::lock_guard guard{mutex_};
  std::vector<std::uint64_t> ids;
  for (const auto& [id, metadata] : checkpoints_)
    ids.push_back(id);
  return ids;
}

expected<std::vector<std::uint64_t>> memory_storage::begun() {
  const std::lock_guard guard{mutex_};
  return std::vector<std::uint64_t>{begun_.begin(), begun_.end()};
}

expected<stored_checkpoint> memory_storage::load(std::uint64_t checkpoint_id) {
  const std::lock_guard guard{mutex_};
  const auto found = checkpoints_.find(checkpoint_id);
  if (found == checkpoints_.end())
    return error{error_code::not_found, "there is no checkpoint "
                                          + std::to_string(checkpoint_id)
                                          + " in memory"};
  return stored_checkpoint{found->second, std::string{location_prefix}
                                            + std::to_string(checkpoint_id)};
}

expected<void> memory_storage::discard(std::uint64_t checkpoint_id) {
  const std::lock_guard guard{mutex_};
  checkpoints_.erase(checkpoint_id);
  begun_.erase(checkpoint_id);
  return {};
}

} // namespace flow
