#include "backends/memory/memory_storage.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "libflow/checkpoint/checkpoint_files.hpp"

namespace flow {

namespace {

constexpr std::string_view location_prefix = "memory:chk-";

/// Collects a state in one piece while it is small, then in blocks that former
/// checkpoints were in.
class memory_state_output final : public state_output {
public:
  explicit memory_state_output(std::shared_ptr<page_pool> blocks)
    : pool_(std::move(blocks)) {}

  expected<void> append(std::span<const std::byte> bytes) override {
    size_ += bytes.size();
    if (blocks_.empty() && size_ <= page_pool::block_bytes) {
      small_.insert(small_.end(), bytes.begin(), bytes.end());
      return {};
    }
    if (blocks_.empty())
      put(std::exchange(small_, {}));
    put(bytes);
    return {};
  }

  expected<state_handle> finish(std::uint32_t checksum) override {
    state_handle handle;
    handle.size = size_;
    handle.checksum = checksum;
    handle.bytes = blocks_.empty() ? shared_bytes{std::move(small_)}
                                   : shared_bytes{std::move(blocks_), size_};
    return handle;
  }

private:
  void put(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      if (room_ == 0) {
        blocks_.push_back(pool_->take());
        room_ = page_pool::block_bytes;
      }
      const std::size_t count = std::min(room_, bytes.size());
      std::memcpy(blocks_.back().get() + (page_pool::block_bytes - room_),
                  bytes.data(), count);
      room_ -= count;
      bytes = bytes.subspan(count);
    }
  }

  const std::shared_ptr<page_pool> pool_;
  std::vector<std::byte> small_; // all, as long as there are no blocks
  std::vector<page_pool::block> blocks_;
  std::size_t room_ = 0; // in the last block
  std::size_t size_ = 0;
};

} // namespace

expected<std::unique_ptr<state_output>>
memory_storage::begin_state(std::uint64_t checkpoint_id, const std::string&) {
  const std::lock_guard guard{mutex_};
  begun_.insert(checkpoint_id);
  return std::unique_ptr<state_output>{
    std::make_unique<memory_state_output>(blocks_)};
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
  decltype(checkpoints_)::node_type gone; // ends without the lock
  const std::lock_guard guard{mutex_};
  gone = checkpoints_.extract(checkpoint_id);
  begun_.erase(checkpoint_id);
  return {};
}

} // namespace flow
