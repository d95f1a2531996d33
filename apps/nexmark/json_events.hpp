#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apps/nexmark/event.hpp"

namespace nexmark {

/// Reads one line of an events file: a flat JSON object with `type` and all
/// fields of that kind, in any order, and no others. Strict: numbers are
/// integers of 64 bits.
///
/// Owner: one reader. The texts of what it read borrow from the line and from
/// it, until the next line.
class event_parser {
public:
  /// @return what is wrong with the line
  flow::expected<void> parse(std::string_view line, event& to);

private:
  struct field {
    std::string_view name;
    std::string_view value;  ///< of a string
    std::int64_t number = 0; ///< of a number
    bool is_text = false;
    bool used = false;
  };

  flow::expected<void> read_fields(std::string_view line);
  template <class Kind>
  flow::expected<void> fill(event& to);

  std::vector<field> fields_;
  std::string unescaped_; ///< strings that had escapes
};

/// Appends the event's line, with its end.
void append_json(const event& each, std::string& to);

} // namespace nexmark
