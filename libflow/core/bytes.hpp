#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "libflow/core/assert.hpp"

namespace flow {

static_assert(std::endian::native == std::endian::little,
              "numbers are written as they lie in memory");

/// The bits of a floating-point number, one pattern for every NaN.
template <std::floating_point T>
[[nodiscard]] inline auto canonical_bits(T value) noexcept {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8,
                "float and double only: the width of others is not portable");
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  if (std::isnan(value)) [[unlikely]]
    value = std::numeric_limits<T>::quiet_NaN();
  return std::bit_cast<bits>(value);
}

/// Appends little-endian values to a vector of the caller's.
/// Owner: a local variable. While it lives the vector's size is larger than
/// what was written and the vector must not be touched; its end sets the size.
/// @thread one at a time
class byte_writer {
public:
  /// Appends behind what `out` holds.
  explicit byte_writer(std::vector<std::byte>& out) noexcept
    : out_(out), start_(out.size()) {}

  /// Writes into `buffer` while it lasts, then moves all to `spill` (empty).
  byte_writer(std::span<std::byte> buffer,
              std::vector<std::byte>& spill) noexcept
    : out_(spill), begin_(buffer.data()), next_(begin_),
      end_(begin_ + buffer.size()), in_buffer_(true) {
    FLOW_ASSERT(spill.empty(), "the spill of a byte_writer starts empty");
  }

  byte_writer(const byte_writer&) = delete;
  byte_writer& operator=(const byte_writer&) = delete;

  ~byte_writer();

  /// Any integer but bool, at its declared width.
  template <std::integral T>
  requires(!std::same_as<T, bool>) void write_int(T value) {
    append(&value, sizeof value);
  }

  void write_bool(bool value) {
    write_int(static_cast<std::uint8_t>(value ? 1 : 0));
  }

  template <std::floating_point T>
  void write_float(T value) {
    write_int(canonical_bits(value));
  }

  /// Number of elements or bytes that follow, as u32.
  /// @pre value < 2^32
  void write_length(std::size_t value) {
    FLOW_ASSERT(value <= std::numeric_limits<std::uint32_t>::max(),
                "a string or container holds less than 2^32 elements");
    write_int(static_cast<std::uint32_t>(value));
  }

  /// Length as u32, then the bytes.
  void write_string(std::string_view value) {
    write_length(value.size());
    append(value.data(), value.size());
  }

  void write_raw(std::span<const std::byte> bytes) {
    append(bytes.data(), bytes.size());
  }

  /// Overwrites a u32 written earlier at `offset` (a size() of that moment).
  void patch_u32(std::size_t offset, std::uint32_t value) {
    FLOW_ASSERT(offset + sizeof value <= size(), "patch behind the end");
    std::memcpy(begin_ + offset, &value, sizeof value);
  }

  /// Bytes written by this writer.
  [[nodiscard]] std::size_t size() const noexcept {
    return static_cast<std::size_t>(next_ - begin_);
  }

  /// What this writer wrote; valid until the next write.
  [[nodiscard]] std::span<const std::byte> written() const noexcept {
    return {begin_, size()};
  }

private:
  void append(const void* data, std::size_t count) {
    if (count > static_cast<std::size_t>(end_ - next_)) [[unlikely]] {
      append_growing(data, count);
      return;
    }
    if (count != 0)
      std::memcpy(next_, data, count);
    next_ += count;
  }

  void append_growing(const void* data, std::size_t count);

  std::vector<std::byte>& out_;
  std::size_t start_ = 0;
  std::byte* begin_ = nullptr;
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
  bool in_buffer_ = false;
};

/// Reads what byte_writer wrote, from bytes that nobody vouches for: a read
/// beyond the end or of an impossible value fails, and so do all reads after
/// it. A failed read leaves its argument as it was.
/// Owner: a local variable; the bytes must outlive it and the views it gave.
/// @thread one at a time
class byte_reader {
public:
  static constexpr int max_depth = 100;

  explicit byte_reader(std::span<const std::byte> bytes) noexcept
    : next_(bytes.data()), end_(next_ + bytes.size()) {}

  template <std::integral T>
  requires(!std::same_as<T, bool>)
    [[nodiscard]] bool read_int(T& value) noexcept {
    if (sizeof value > remaining()) [[unlikely]]
      return fail();
    std::memcpy(&value, next_, sizeof value);
    next_ += sizeof value;
    return true;
  }

  /// Only 0 and 1 are booleans.
  [[nodiscard]] bool read_bool(bool& value) noexcept {
    std::uint8_t byte = 0;
    if (!read_int(byte) || byte > 1) [[unlikely]]
      return fail();
    value = byte == 1;
    return true;
  }

  template <std::floating_point T>
  [[nodiscard]] bool read_float(T& value) noexcept {
    decltype(canonical_bits(value)) bits = 0;
    if (!read_int(bits)) [[unlikely]]
      return false;
    value = std::bit_cast<T>(bits);
    return true;
  }

  /// A u32 number of elements, each of which takes at least
  /// `min_element_bytes` (> 0): more than can follow fails here, before
  /// anything is allocated.
  [[nodiscard]] bool read_length(std::size_t& value,
                                 std::size_t min_element_bytes) noexcept {
    std::uint32_t length = 0;
    if (!read_int(length) || length > remaining() / min_element_bytes)
      [[unlikely]]
      return fail();
    value = length;
    return true;
  }

  /// A view of the bytes read, not a copy.
  [[nodiscard]] bool read_string(std::string_view& value) noexcept {
    std::size_t length = 0;
    if (!read_length(length, 1)) [[unlikely]]
      return false;
    value = {reinterpret_cast<const char*>(next_), length};
    next_ += length;
    return true;
  }

  /// A view of the next `count` bytes.
  [[nodiscard]] bool read_raw(std::size_t count,
                              std::span<const std::byte>& value) noexcept {
    if (count > remaining()) [[unlikely]]
      return fail();
    value = {next_, count};
    next_ += count;
    return true;
  }

  [[nodiscard]] std::size_t remaining() const noexcept {
    return static_cast<std::size_t>(end_ - next_);
  }

  [[nodiscard]] bool failed() const noexcept { return failed_; }

  /// Everything was read and nothing failed.
  [[nodiscard]] bool finished() const noexcept {
    return !failed_ && next_ == end_;
  }

  /// One level further into a value that may contain its like; fails beyond
  /// max_depth, so that hostile bytes cannot use up the stack.
  [[nodiscard]] bool enter() noexcept {
    return ++depth_ <= max_depth ? true : fail();
  }
  void leave() noexcept { --depth_; }

  /// Makes this and all later reads fail; returns false.
  bool fail() noexcept {
    failed_ = true;
    next_ = end_;
    return false;
  }

private:
  const std::byte* next_;
  const std::byte* end_;
  int depth_ = 0;
  bool failed_ = false;
};

} // namespace flow
