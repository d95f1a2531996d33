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

/// Bytes of each of three parts that are summed side by side: the instruction
/// has a result after three cycles, but takes new input in every one.
constexpr std::size_t lane = 1024;

/// What becomes of each byte of a sum when `lane` zero bytes follow.
using shift_table = std::array<std::array<std::uint32_t, 256>, 4>;

constexpr shift_table make_shift() {
  std::array<std::uint32_t, 32> of_bit{};
  for (std::size_t bit = 0; bit < of_bit.size(); ++bit) {
    std::uint32_t sum = std::uint32_t{1} << bit;
    for (std::size_t i = 0; i < lane; ++i)
      sum = (sum >> 8) ^ remainders[sum & 0xff];
    of_bit[bit] = sum;
  }
  shift_table result{};
  for (std::size_t at = 0; at < result.size(); ++at)
    for (std::size_t byte = 0; byte < 256; ++byte)
      for (std::size_t bit = 0; bit < 8; ++bit)
        if ((byte >> bit & 1) != 0)
          result[at][byte] ^= of_bit[8 * at + bit];
  return result;
}

constexpr auto shifts = make_shift();

std::uint32_t shift_by_lane(std::uint32_t sum) noexcept {
  return shifts[0][sum & 0xff] ^ shifts[1][sum >> 8 & 0xff]
         ^ shifts[2][sum >> 16 & 0xff] ^ shifts[3][sum >> 24];
}

std::uint64_t word_at(const std::byte* place) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, place, sizeof word);
  return word;
}

/// Sums three lanes, the second and third as if nothing came before them.
[[gnu::target("sse4.2")]] std::uint32_t
update_by_lanes(std::uint32_t sum, const std::byte* bytes) noexcept {
  std::uint64_t first = sum;
  std::uint64_t second = 0;
  std::uint64_t third = 0;
  for (std::size_t i = 0; i < lane; i += sizeof(std::uint64_t)) {
    first = _mm_crc32_u64(first, word_at(bytes + i));
    second = _mm_crc32_u64(second, word_at(bytes + lane + i));
    third = _mm_crc32_u64(third, word_at(bytes + 2 * lane + i));
  }
  const std::uint32_t both = shift_by_lane(static_cast<std::uint32_t>(first))
                             ^ static_cast<std::uint32_t>(second);
  return shift_by_lane(both) ^ static_cast<std::uint32_t>(third);
}

[[gnu::target("sse4.2")]] std::uint32_t
update_by_instruction(std::uint32_t sum,
                      std::span<const std::byte> bytes) noexcept {
  for (; bytes.size() >= 3 * lane; bytes = bytes.subspan(3 * lane))
    sum = update_by_lanes(sum, bytes.data());
  std::uint64_t wide = sum;
  while (bytes.size() >= sizeof(std::uint64_t)) {
    wide = _mm_crc32_u64(wide, word_at(bytes.data()));
    bytes = bytes.subspan(sizeof(std::uint64_t));
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
