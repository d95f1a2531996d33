#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace flow {

/// Blocks of memory straight from the system, recycled. For who fills hundreds
/// of megabytes again and again, as one checkpoint after the other does: new
/// pages have to be cleared by the system each time, and giving them back holds
/// up all other threads that want memory.
///
/// A block is recycled when its only owner lets go of it. Blocks that wait for
/// their next use are never more than those in use; what is beyond goes back to
/// the system, a block at a time.
/// Owner: whoever fills blocks; blocks keep it alive.
/// Cost: a lock that is seldom contended for a block, and the system's for one
/// that is new.
/// @thread any
class page_pool : public std::enable_shared_from_this<page_pool> {
  struct giver {
    std::shared_ptr<page_pool> to{};
    void operator()(std::byte* given) const noexcept { to->give(given); }
  };

public:
  static constexpr std::size_t block_bytes = std::size_t{1} << 20;

  /// `block_bytes` of memory, of any content. Its end gives it back.
  using block = std::unique_ptr<std::byte[], giver>;

  [[nodiscard]] static std::shared_ptr<page_pool> make() {
    return std::shared_ptr<page_pool>{new page_pool};
  }
  page_pool(const page_pool&) = delete;
  page_pool& operator=(const page_pool&) = delete;
  ~page_pool();

  /// Throws std::bad_alloc where the system has none.
  [[nodiscard]] block take();

  /// Of blocks that somebody has.
  [[nodiscard]] std::size_t bytes_in_use() const;

  /// Of blocks that wait.
  [[nodiscard]] std::size_t bytes_waiting() const;

private:
  page_pool() = default;

  void give(std::byte* given) noexcept;

  mutable std::mutex mutex_;
  std::size_t in_use_ = 0;          // blocks; of mutex_
  std::vector<std::byte*> waiting_; // room for all blocks; of mutex_
};

} // namespace flow
