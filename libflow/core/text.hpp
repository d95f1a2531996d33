#pragma once

#include <array>
#include <compare>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include "libflow/core/arena.hpp"
#include "libflow/core/type_traits.hpp"

namespace flow {

class text;

namespace detail {

/// A string other than `text` itself, that `text` compares with.
template <class T>
concept other_string =
  !std::same_as<T, text> && std::convertible_to<const T&, std::string_view>;

} // namespace detail

/// An immutable string of a record in 16 bytes, any bytes, at most 2^30 of
/// them. Up to 12 are held inline; of longer ones the first 4 are held beside a
/// pointer, so that most comparisons touch no other memory.
///
/// Ownership: long bytes are owned (on the heap) or borrowed (from the arena of
/// a batch or from what `borrow` was given). A text made or copied while an
/// `arena_scope` is open borrows from that arena; any other copy owns. Moving
/// steals owned bytes but copies borrowed ones, by the same rule: so no text
/// that user code keeps can dangle. A moved-from text may hold anything.
///
/// A text may be relocated: copying its 16 bytes elsewhere and forgetting the
/// old place, without running a destructor, is a move that keeps a borrowed
/// text borrowed (engine code only, within one arena's life).
///
/// Owned bytes of more than `max_copied_size` are shared by all copies that own
/// them, so that a table whose snapshot is being written does not copy them.
///
/// Cost: a copy of a long text into an arena is a memcpy and a bump; on the
/// heap, one allocation or one count of references. Running out of memory ends
/// the process where the function is noexcept.
/// @thread as for any value; copies that share bytes may be on any threads
class text {
public:
  static constexpr std::size_t max_inline_size = 12;
  static constexpr std::size_t max_copied_size = 1024;
  static constexpr std::size_t max_size = std::size_t{1} << 30;

  constexpr text() noexcept = default;

  /// @pre value.size() <= max_size
  text(std::string_view value) { assign_copy(value); }
  text(const char* value) : text(std::string_view{value}) {}
  text(const std::string& value) : text(std::string_view{value}) {}

  text(const text& other) {
    if (other.is_inline())
      words_ = other.words_;
    else
      copy_long(other);
  }

  text(text&& other) noexcept {
    if (other.is_inline() || other.owns())
      take(other);
    else
      copy_long(other.view());
  }

  text& operator=(const text& other) {
    if (this == &other)
      return *this;
    const auto former = words_;
    if (other.is_inline())
      words_ = other.words_;
    else
      copy_long(other);
    if ((former[0] & owned_bit) != 0)
      free_long(former);
    return *this;
  }

  text& operator=(text&& other) noexcept {
    if (this == &other)
      return *this;
    if (other.borrows()) {
      assign(other.view());
    } else {
      release();
      take(other);
    }
    return *this;
  }

  /// Makes this a copy of `value`, which may lie in this text; unlike assigning
  /// a temporary, long bytes are copied only once into an open arena.
  /// @pre value.size() <= max_size
  void assign(std::string_view value) {
    const auto former = words_;
    assign_copy(value);
    if ((former[0] & owned_bit) != 0)
      free_long(former);
  }

  ~text() { release(); }

  /// A text over bytes of somebody else, who keeps them until it is gone.
  /// Copies and moves of it are safe like those of any text. Engine code only.
  /// @pre value.size() <= max_size
  [[nodiscard]] static text borrow(std::string_view value);

  /// Makes this what borrow() gives, which assigning would copy.
  void rebind(std::string_view value) {
    release();
    if (value.size() <= max_inline_size)
      set_inline(value);
    else
      set_long(value.data(), value.size(), 0);
  }

  /// Valid until the text is changed or ends, also by a move or relocation.
  [[nodiscard]] std::string_view view() const noexcept {
    return {data(), size()};
  }
  operator std::string_view() const noexcept { return view(); }

  [[nodiscard]] const char* data() const noexcept {
    return is_inline() ? inline_data() : long_data();
  }
  [[nodiscard]] std::size_t size() const noexcept {
    return static_cast<std::size_t>(words_[0] & size_mask);
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] std::string to_string() const { return std::string{view()}; }

  /// Whether long bytes are on the heap and freed with this text; false for
  /// inline texts.
  [[nodiscard]] bool owns() const noexcept {
    return (words_[0] & owned_bit) != 0;
  }

  /// Whether long bytes belong to somebody else.
  [[nodiscard]] bool borrows() const noexcept {
    return !is_inline() && !owns();
  }

  friend bool operator==(const text& a, const text& b) noexcept {
    // Size and first four bytes at once; the owned bit says nothing of the
    // value.
    if (((a.words_[0] ^ b.words_[0]) & ~owned_bit) != 0)
      return false;
    if (a.is_inline())
      return a.words_[1] == b.words_[1];
    return equal_tails(a, b);
  }

  friend std::strong_ordering operator<=>(const text& a,
                                          const text& b) noexcept {
    // Big-endian numbers order as the bytes do; missing ones are zero, and a
    // tie is settled below.
    const auto first_a = __builtin_bswap32(a.prefix());
    const auto first_b = __builtin_bswap32(b.prefix());
    if (first_a != first_b)
      return first_a <=> first_b;
    return a.view().compare(b.view()) <=> 0;
  }

  template <detail::other_string S>
  friend bool operator==(const text& a, const S& b) noexcept {
    return a.view() == std::string_view{b};
  }

  template <detail::other_string S>
  friend std::strong_ordering operator<=>(const text& a, const S& b) noexcept {
    return a.view().compare(std::string_view{b}) <=> 0;
  }

  friend std::ostream& operator<<(std::ostream& out, const text& value);

private:
  using words = std::array<std::uint64_t, 2>;

  // Low to high: 31 bits of size, the owned bit, then the first four bytes.
  static constexpr std::uint64_t size_mask = 0x7fffffff;
  static constexpr std::uint64_t owned_bit = 0x80000000;

  [[nodiscard]] bool is_inline() const noexcept {
    return size() <= max_inline_size;
  }
  [[nodiscard]] const char* inline_data() const noexcept {
    return reinterpret_cast<const char*>(words_.data()) + 4;
  }
  [[nodiscard]] const char* long_data() const noexcept {
    return pointer_in(words_);
  }
  static const char* pointer_in(const words& from) noexcept {
    return reinterpret_cast<const char*>(static_cast<std::uintptr_t>(from[1]));
  }
  [[nodiscard]] std::uint32_t prefix() const noexcept {
    return static_cast<std::uint32_t>(words_[0] >> 32);
  }

  void set_inline(std::string_view value) noexcept;
  void set_long(const char* bytes, std::size_t size, std::uint64_t owned);
  void assign_copy(std::string_view value);
  void copy_long(std::string_view value);
  void copy_long(const text& other);
  static void free_long(const words& former) noexcept;

  void take(text& other) noexcept {
    words_ = other.words_;
    if (other.owns())
      other.words_ = {};
  }
  void release() noexcept {
    if (owns())
      free_long(words_);
  }
  static bool equal_tails(const text& a, const text& b) noexcept;

  words words_{};
};

static_assert(sizeof(text) == 16);

template <>
inline constexpr bool is_trivially_relocatable<text> = true;

inline void text::set_inline(std::string_view value) noexcept {
  // Zeros behind the value let equality compare whole words. Made aside: the
  // value may lie in this text.
  words fresh{value.size(), 0};
  if (!value.empty())
    std::memcpy(reinterpret_cast<char*>(fresh.data()) + 4, value.data(),
                value.size());
  words_ = fresh;
}

inline void text::set_long(const char* bytes, std::size_t size,
                           std::uint64_t owned) {
  std::uint32_t first = 0;
  std::memcpy(&first, bytes, sizeof first);
  words_[0] = size | owned | std::uint64_t{first} << 32;
  words_[1] = reinterpret_cast<std::uintptr_t>(bytes);
}

inline void text::assign_copy(std::string_view value) {
  if (value.size() <= max_inline_size)
    set_inline(value);
  else
    copy_long(value);
}

} // namespace flow

/// For containers of one process only; never the hash of a key (core/hash.hpp).
template <>
struct std::hash<flow::text> {
  std::size_t operator()(const flow::text& value) const noexcept {
    return std::hash<std::string_view>{}(value.view());
  }
};
