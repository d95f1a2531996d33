#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace flow {

/// CRC-32C (Castagnoli) of bytes, as stored and sent by every format of the
/// project. `before` is the sum of what came before, so that parts can be
/// summed one after the other.
/// Cost: 8 bytes in about a cycle where the processor has the instruction (3
/// below 3 KiB), else one byte in about 6.
/// @thread any
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes,
                                   std::uint32_t before = 0) noexcept;

/// A sum as it is stored among bytes of which another sum is formed: bytes
/// with their own plain sum behind them have the same sum whatever they are.
/// The mask is LevelDB's.
/// @thread any
[[nodiscard]] constexpr std::uint32_t
masked_crc32c(std::uint32_t sum) noexcept {
  return std::rotr(sum, 15) + 0xa282ead8U;
}

} // namespace flow
