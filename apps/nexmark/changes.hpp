#pragma once

#include <cstdint>
#include <string_view>

namespace nexmark {

/// What a row of a changelog says of the table that it describes.
enum class change : std::uint8_t {
  insert,        ///< the row is new
  update_before, ///< the row goes; the one after it takes its place
  update_after,  ///< the row comes
  erase,         ///< the row goes
};

[[nodiscard]] constexpr std::string_view to_string(change what) noexcept {
  switch (what) {
  case change::insert:
    return "+I";
  case change::update_before:
    return "-U";
  case change::update_after:
    return "+U";
  case change::erase:
    return "-D";
  }
  return "";
}

/// Whether the row comes into the table or goes out of it.
[[nodiscard]] constexpr bool adds(change what) noexcept {
  return what == change::insert || what == change::update_after;
}

} // namespace nexmark
