#pragma once

#include <cstring>
#include <span>

#include "libflow/core/crc32c.hpp"
#include "test/fuzz/fuzz_target.hpp"

namespace flow::fuzz {

inline std::uint32_t u32_at(const bytes& from, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, from.data() + at, sizeof value);
  return value;
}

inline void put_u32(bytes& to, std::size_t at, std::uint32_t value) {
  std::memcpy(to.data() + at, &value, sizeof value);
}

/// Blocks of libflow/state/FORMAT.md, from `first` up to the first whose
/// length does not fit; that length is cut to what is there.
inline void reseal_blocks(bytes& input, std::size_t first = 0) {
  constexpr std::size_t head = 9;
  while (input.size() >= first + head) {
    const auto room = input.size() - first - head;
    auto length = std::size_t{u32_at(input, first)};
    if (length > room) {
      length = room;
      put_u32(input, first, static_cast<std::uint32_t>(length));
    }
    const std::span all{input};
    auto sum = crc32c(all.subspan(first + 8, 1));
    sum = crc32c(all.subspan(first, 4), sum);
    sum = crc32c(all.subspan(first + head, length), sum);
    put_u32(input, first + 4, sum);
    first += head + length;
  }
}

/// A masked checksum over everything as the last four bytes.
inline void reseal_tail(bytes& input) {
  if (input.size() < 4)
    return;
  const auto size = input.size() - 4;
  put_u32(input, size, masked_crc32c(crc32c(std::span{input}.first(size))));
}

} // namespace flow::fuzz
