#pragma once

#include <cstdint>
#include <vector>

#include "libflow/core/hash.hpp"

namespace flow::bench {

/// A bare hash map of numbers: one array, probed slot after slot, at most 7/8
/// full. It never forgets a key, and doubles as a whole.
class flat_map {
public:
  std::uint64_t& operator[](std::uint64_t key) {
    if (size_ >= slots_.size() / 8 * 7)
      grow();
    slot& found = find(key);
    if (!found.used) {
      found = {key, 0, true};
      ++size_;
    }
    return found.value;
  }

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    return slots_.capacity() * sizeof(slot);
  }

private:
  struct slot {
    std::uint64_t key = 0;
    std::uint64_t value = 0;
    bool used = false;
  };

  slot& find(std::uint64_t key) {
    const std::uint64_t mask = slots_.size() - 1;
    std::uint64_t at = key_hash(key) & mask;
    while (slots_[at].used && slots_[at].key != key)
      at = (at + 1) & mask;
    return slots_[at];
  }

  void grow() {
    std::vector<slot> former(slots_.size() * 2);
    former.swap(slots_);
    for (const slot& each : former)
      if (each.used)
        find(each.key) = each;
  }

  std::vector<slot> slots_{16};
  std::uint64_t size_ = 0;
};

} // namespace flow::bench
