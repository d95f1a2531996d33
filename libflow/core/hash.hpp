#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "libflow/core/bytes.hpp"
#include "libflow/core/codec.hpp"
#include "libflow/core/text.hpp"

namespace flow {

/// Names the function that key_hash is. It stands in every snapshot; a snapshot
/// with another one cannot be restored, because keys would be elsewhere.
inline constexpr std::string_view hash_id = "xxh3-64/1";

namespace detail {

/// XXH3-64 of an integer of four to eight bytes, inlined: the library's general
/// function is too large for that. The formula is that of inputs of this
/// length in the XXH3 specification, with seed 0 and the default secret.
template <class Int>
requires(sizeof(Int) >= 4 && sizeof(Int) <= 8)
  [[nodiscard]] inline std::uint64_t hash_integer(Int key) noexcept {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::uint64_t secret = 0xC73AB174C5ECD5A2;
  constexpr std::uint64_t prime = 0x9FB21C651E98DF25;
  // The first four bytes above the last four, which are the same ones if there
  // are but four.
  auto bits = static_cast<std::uint64_t>(key);
  if constexpr (sizeof key == 4)
    bits = (bits & 0xFFFFFFFF) | bits << 32;
  else
    bits = std::rotl(bits, 32);
  bits ^= secret;
  bits ^= std::rotl(bits, 49) ^ std::rotl(bits, 24);
  bits *= prime;
  bits ^= (bits >> 35) + sizeof key;
  bits *= prime;
  return bits ^ bits >> 28;
}

template <class T>
concept string_key = std::same_as<T, text> || std::same_as<
  T, std::string> || std::same_as<T, std::string_view>;

} // namespace detail

/// XXH3-64, seed 0.
[[nodiscard]] std::uint64_t hash_bytes(const void* data,
                                       std::size_t size) noexcept;

/// The hash of a key, the same on every machine and in every version: XXH3-64
/// of its canonical encoding (core/codec.hpp). A string that is the whole key
/// is hashed without its length, so text and std::string agree. Key groups,
/// channels, segments and slots are parts of these bits (never std::hash).
/// Cost: integers a few instructions; other keys are encoded on the stack, on
/// the heap beyond 256 bytes.
template <class K>
[[nodiscard]] inline std::uint64_t key_hash(const K& key) {
  static_assert(!detail::holds_floating_point<K>,
                "a key holds no floating-point number: use flow::float_key, "
                "which makes -0 equal to 0 and all NaN one");
  if constexpr (detail::holds_floating_point<K>) {
    return 0;
  } else if constexpr (detail::string_key<K>) {
    const std::string_view bytes = key;
    return hash_bytes(bytes.data(), bytes.size());
  } else if constexpr (std::is_integral_v<K> || std::is_enum_v<K>) {
    if constexpr (sizeof key >= 4 && sizeof key <= 8)
      return detail::hash_integer(key);
    else
      return hash_bytes(&key, sizeof key);
  } else {
    std::array<std::byte, 256> buffer;
    std::vector<std::byte> spill;
    byte_writer writer{buffer, spill};
    codec<K>::encode(key, writer);
    const auto bytes = writer.written();
    return hash_bytes(bytes.data(), bytes.size());
  }
}

} // namespace flow
