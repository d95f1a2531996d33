#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace flow {

/// A number that names one kind of thing; ids of different kinds do not mix.
/// Values, free to copy; the default is zero.
template <class Tag, std::unsigned_integral Rep>
class strong_id {
public:
  using rep = Rep;

  constexpr strong_id() noexcept = default;
  constexpr explicit strong_id(Rep value) noexcept : value_(value) {}

  [[nodiscard]] constexpr Rep value() const noexcept { return value_; }

  friend constexpr auto operator<=>(strong_id, strong_id) noexcept = default;

  friend std::ostream& operator<<(std::ostream& out, strong_id id) {
    return out << +id.value_;
  }

private:
  Rep value_ = 0;
};

/// How often a subtask was deployed, from 0; what a former attempt says is
/// dropped.
using attempt_number = strong_id<struct attempt_tag, std::uint32_t>;
/// An input or output channel of one subtask, from 0.
using channel_index = strong_id<struct channel_tag, std::uint32_t>;

/// 128 bits that name something durably; written as 32 lower-case hex digits.
template <class Tag>
class wide_id {
public:
  constexpr wide_id() noexcept = default;
  constexpr wide_id(std::uint64_t high, std::uint64_t low) noexcept
    : high_(high), low_(low) {}

  /// The id that belongs to a name: XXH3-128 of its bytes, on every machine
  /// and in every version the same.
  [[nodiscard]] static wide_id from_name(std::string_view name) noexcept;

  /// Reads 32 hex digits of either case; anything else is nullopt.
  [[nodiscard]] static std::optional<wide_id>
  parse(std::string_view hex) noexcept;

  [[nodiscard]] constexpr std::uint64_t high() const noexcept { return high_; }
  [[nodiscard]] constexpr std::uint64_t low() const noexcept { return low_; }
  [[nodiscard]] std::string to_string() const;

  friend constexpr auto operator<=>(const wide_id&,
                                    const wide_id&) noexcept = default;

  friend std::ostream& operator<<(std::ostream& out, const wide_id& id) {
    return out << id.to_string();
  }

private:
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

struct job_tag;

/// A job over all its runs and restores.
using job_id = wide_id<job_tag>;

extern template class wide_id<job_tag>;

} // namespace flow

template <class Tag, class Rep>
struct std::hash<flow::strong_id<Tag, Rep>> {
  std::size_t operator()(flow::strong_id<Tag, Rep> id) const noexcept {
    return std::hash<Rep>{}(id.value());
  }
};

template <class Tag>
struct std::hash<flow::wide_id<Tag>> {
  std::size_t operator()(const flow::wide_id<Tag>& id) const noexcept {
    // Random bits already, unless somebody chose the id by hand.
    return static_cast<std::size_t>(id.low() ^ id.high() * 0x9e3779b97f4a7c15);
  }
};
