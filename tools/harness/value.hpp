#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "libflow/core/codec.hpp"
#include "libflow/core/error.hpp"

namespace flow::harness {

/// What case files speak of: null, bool, 64-bit integer, text, list, map. Keys,
/// records, arguments and results are of this one type, so that each kind of
/// operator is instantiated once.
class value {
public:
  using list = std::vector<value>;
  using map = std::map<std::string, value>;

  // Out of line: inlined everywhere they cost seconds of compiling.
  value() noexcept;
  value(const value& other);
  value(value&& other) noexcept;
  value& operator=(const value& other);
  value& operator=(value&& other) noexcept;
  ~value();
  value(bool flag) : data_(flag) {}
  template <std::integral I>
  requires(!std::same_as<I, bool>) value(I number)
    : data_(static_cast<std::int64_t>(number)) {}
  value(std::string text) : data_(std::move(text)) {}
  value(const char* text) : data_(std::string{text}) {}
  value(list items) : data_(std::move(items)) {}
  value(map members) : data_(std::move(members)) {}

  [[nodiscard]] bool is_null() const noexcept { return data_.index() == 0; }
  [[nodiscard]] bool is_int() const noexcept { return holds<std::int64_t>(); }
  [[nodiscard]] bool is_text() const noexcept { return holds<std::string>(); }
  [[nodiscard]] bool is_list() const noexcept { return holds<list>(); }
  [[nodiscard]] bool is_map() const noexcept { return holds<map>(); }

  // Each throws std::invalid_argument when the value is another kind of thing.
  [[nodiscard]] bool as_bool() const;
  /// Also of text that is a decimal number.
  [[nodiscard]] std::int64_t as_int() const;
  [[nodiscard]] const std::string& as_text() const;
  [[nodiscard]] const list& as_list() const;
  [[nodiscard]] const map& as_map() const;

  /// The number, if it is one or is text that is one.
  [[nodiscard]] std::optional<std::int64_t> number() const;

  /// Of a map: the member, or nullptr; nullptr also for what is no map.
  [[nodiscard]] const value* find(std::string_view name) const;
  /// Of a map: the member, or null.
  [[nodiscard]] const value& operator[](std::string_view name) const;

  /// As JSON; integers that JSON's readers may round stand as text.
  [[nodiscard]] std::string dump() const;

  friend bool operator==(const value& a, const value& b) {
    return a.data_ == b.data_;
  }
  friend std::strong_ordering operator<=>(const value& a, const value& b) {
    return order(a, b);
  }
  friend std::ostream& operator<<(std::ostream& out, const value& v) {
    return out << v.dump();
  }

private:
  friend struct codec<value>;

  template <class T>
  [[nodiscard]] bool holds() const noexcept {
    return std::holds_alternative<T>(data_);
  }
  static std::strong_ordering order(const value& a, const value& b);
  void dump_to(std::string& out) const;

  std::variant<std::monostate, bool, std::int64_t, std::string, list, map>
    data_;
};

/// The value of a JSON text. Text that is a decimal number beyond what JSON's
/// readers keep exactly becomes a number.
[[nodiscard]] expected<value> parse_json(std::string_view json);

/// Equal as results: a number equals its text, a member that is null one that
/// is absent, an empty list null, [start, end] a map of start and end.
[[nodiscard]] bool same_result(const value& expected, const value& actual);

/// Equal as results in any order.
[[nodiscard]] bool same_values(const value::list& expected,
                               const value::list& actual);

/// As same_result; members of maps that are not expected are ignored, and
/// `{"one_of": [...]}` stands for any of a list.
[[nodiscard]] bool matches(const value& expected, const value& actual);

} // namespace flow::harness

namespace flow {

/// A tag, then what it says; lists and maps nest at most `max_depth` deep.
template <>
struct codec<harness::value> {
  static constexpr std::size_t min_size = 1;
  static constexpr int max_depth = 64;

  static void encode(const harness::value& value, byte_writer& out);
  [[nodiscard]] static bool decode(byte_reader& in,
                                   harness::value& value) noexcept;
  [[nodiscard]] static std::string schema() { return "variant"; }
};

} // namespace flow
