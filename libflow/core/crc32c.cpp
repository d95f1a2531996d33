#include "libflow/core/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace flow {

namespace {

constexpr std::uint32_t reflected_polynomial = 0x82f63b78;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit)
      rest = (rest >> 1) ^ ((rest & 1) != 0 ? reflected_polynomial : 0);
    table[byte] = rest;
  }
  return table;
}

constexpr auto remainders = make_table();

std::uint32_t update_by_table(std::uint32_t sum,
                              std::span<const std::byte> bytes) noexcept {
  for (const std::byte byte : bytes)
    sum =
      (sum >> 8) ^ remainders[(sum ^ static_cast<std::uint8_t>(byte)) & 0xff];
  return sum;
}

#if defined(__x86_64__)
[[gnu::target("sse4.2")]] std::uint32_t
update_by_instruction(std::uint32_t sum,
                      std::span<const std::byte> bytes) noexcept {
  std::uint64_t wide = sum;
  while (bytes.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    wide = _mm_crc32_u64(wide, word);
    bytes = bytes.subspan(sizeof word);
  }
  sum = static_cast<std::uint32_t>(wide);
  for (const std::byte byte : bytes)
    sum = _mm_crc32_u8(sum, static_cast<std::uint8_t>(byte));
  return sum;
}

const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
#endif

} // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes,
                     std::uint32_t before) noexcept {
#if defined(__x86_64__)
  if (has_instruction)
    return ~update_by_instruction(~before, bytes);
#endif
  return ~update_by_table(~before, bytes);
}

} // namespace flow
