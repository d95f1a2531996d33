#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/harness/subject.hpp"

namespace flow::harness {

/// How strictly the order of outputs is compared.
enum class output_order : std::uint8_t {
  exact,              ///< the same sequence
  between_watermarks, ///< watermarks and statuses in place, records between
                      ///< two of them in any order
  any,                ///< one multiset
};

[[nodiscard]] output_order order_named(const std::string& name);

/// Why `actual` is not what a step expects, or nothing.
[[nodiscard]] std::optional<std::string>
difference(const value::list& expected, const std::vector<item>& actual,
           output_order order);

/// As an item of a case file.
[[nodiscard]] std::string to_text(const item& one);
[[nodiscard]] std::string to_text(const std::vector<item>& items);

} // namespace flow::harness
