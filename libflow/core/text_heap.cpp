#include "libflow/core/text_heap.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace flow::detail {

#if defined(__SANITIZE_ADDRESS__)

char* take_text_bytes(std::size_t bytes) {
  return new char[bytes];
}

void give_text_bytes(char* block, std::size_t) noexcept {
  delete[] block;
}

#else

namespace {

constexpr std::size_t class_bytes = 16;
constexpr std::size_t max_bytes = 512;
constexpr std::size_t class_count = max_bytes / class_bytes;
constexpr std::uint32_t chain_blocks = 256;
constexpr std::size_t slab_bytes = std::size_t{256} << 10;

struct free_block {
  free_block* next;
};

/// Free blocks of one class, linked.
struct chain {
  free_block* first = nullptr;
  std::uint32_t count = 0;
};

constexpr std::size_t class_of(std::size_t bytes) noexcept {
  return (bytes - 1) / class_bytes;
}

/// What no thread holds. Never destroyed: texts of static objects may end
/// after it would.
class shared_blocks {
public:
  static shared_blocks& instance() {
    static auto* const one = new shared_blocks;
    return *one;
  }

  chain take(std::size_t of_class) {
    const std::lock_guard guard{mutex_};
    auto& from = chains_[of_class];
    if (from.empty())
      return {};
    const chain result = from.back();
    from.pop_back();
    return result;
  }

  void give(std::size_t of_class, chain blocks) noexcept {
    if (blocks.first == nullptr)
      return;
    const std::lock_guard guard{mutex_};
    chains_[of_class].push_back(blocks);
  }

  char* take_slab() {
    const std::lock_guard guard{mutex_};
    slabs_.push_back(std::make_unique_for_overwrite<char[]>(slab_bytes));
    return slabs_.back().get();
  }

private:
  std::mutex mutex_;
  std::array<std::vector<chain>, class_count> chains_;
  std::vector<std::unique_ptr<char[]>> slabs_;
};

/// The free blocks of one thread. A class has a chain that is used and a full
/// one in reserve, so that a thread which takes and gives by turns does not
/// exchange with the others each time.
class thread_blocks {
public:
  thread_blocks() = default;
  thread_blocks(const thread_blocks&) = delete;
  thread_blocks& operator=(const thread_blocks&) = delete;

  ~thread_blocks() {
    for (std::size_t i = 0; i < class_count; ++i) {
      shared_blocks::instance().give(i, used_[i]);
      shared_blocks::instance().give(i, reserve_[i]);
      used_[i] = reserve_[i] = {};
    }
  }

  char* take(std::size_t of_class) {
    chain& used = used_[of_class];
    if (used.first == nullptr && !refill(of_class)) [[unlikely]]
      return carve((of_class + 1) * class_bytes);
    free_block* const block = used.first;
    used.first = block->next;
    --used.count;
    return reinterpret_cast<char*>(block);
  }

  void give(std::size_t of_class, char* bytes) noexcept {
    chain& used = used_[of_class];
    if (used.count == chain_blocks) [[unlikely]] {
      shared_blocks::instance().give(of_class, reserve_[of_class]);
      reserve_[of_class] = used;
      used = {};
    }
    used.first = new (bytes) free_block{used.first};
    ++used.count;
  }

private:
  bool refill(std::size_t of_class) {
    used_[of_class] = reserve_[of_class].first != nullptr
                        ? std::exchange(reserve_[of_class], {})
                        : shared_blocks::instance().take(of_class);
    return used_[of_class].first != nullptr;
  }

  char* carve(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - next_) < bytes) {
      next_ = shared_blocks::instance().take_slab();
      end_ = next_ + slab_bytes;
    }
    return std::exchange(next_, next_ + bytes);
  }

  std::array<chain, class_count> used_{};
  std::array<chain, class_count> reserve_{};
  char* next_ = nullptr;
  char* end_ = nullptr;
};

/// Null before a thread's first text and after its end.
constinit thread_local thread_blocks* of_this_thread = nullptr;

/// Makes them; null at the end of a thread, for texts that outlive all else.
thread_blocks* begin_thread() {
  struct owner {
    thread_blocks blocks;
    owner() { of_this_thread = &blocks; }
    ~owner() { of_this_thread = nullptr; }
  };
  thread_local owner own;
  return of_this_thread;
}

thread_blocks* blocks_here() {
  return of_this_thread != nullptr ? of_this_thread : begin_thread();
}

} // namespace

char* take_text_bytes(std::size_t bytes) {
  if (bytes > max_bytes) [[unlikely]]
    return new char[bytes];
  const std::size_t of_class = class_of(bytes);
  if (auto* const own = blocks_here()) [[likely]]
    return own->take(of_class);
  return new char[(of_class + 1) * class_bytes]; // ends up in a chain
}

void give_text_bytes(char* block, std::size_t bytes) noexcept {
  if (bytes > max_bytes) [[unlikely]] {
    delete[] block;
    return;
  }
  const std::size_t of_class = class_of(bytes);
  if (auto* const own = blocks_here()) [[likely]] {
    own->give(of_class, block);
    return;
  }
  thread_blocks last;
  last.give(of_class, block);
}

#endif

} // namespace flow::detail
