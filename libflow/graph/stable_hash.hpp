#pragma once

#include <cstdint>
#include <string_view>

namespace flow {

/// A hash that is the same in every build and on every machine, for ids that
/// are stored: FNV-1a over length-prefixed parts, finalised by splitmix64.
/// Never for keys of records (they have their own) and never against an
/// attacker. One thread.
class stable_hash {
public:
  constexpr stable_hash& add(std::uint64_t number) noexcept {
    for (int i = 0; i < 8; ++i, number >>= 8)
      mix(static_cast<unsigned char>(number & 0xFF));
    return *this;
  }
  constexpr stable_hash& add(std::string_view text) noexcept {
    add(std::uint64_t{text.size()});
    for (const char c : text)
      mix(static_cast<unsigned char>(c));
    return *this;
  }
  [[nodiscard]] constexpr std::uint64_t value() const noexcept {
    std::uint64_t z = state_ + 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

private:
  constexpr void mix(unsigned char byte) noexcept {
    state_ = (state_ ^ byte) * 0x100000001B3u;
  }

  std::uint64_t state_ = 0xCBF29CE484222325u;
};

} // namespace flow
