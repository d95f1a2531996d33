#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace nexmark {

/// Pieces 3, 4 and 5 of the url between its slashes, counted from 0; empty
/// where there is none.
inline std::array<std::string_view, 3> directories_of(std::string_view url) {
  std::array<std::string_view, 3> found;
  for (std::size_t piece = 0; piece < 6; ++piece) {
    const std::size_t end = url.find('/');
    if (piece >= 3)
      found[piece - 3] = url.substr(0, end);
    if (end == url.npos)
      break;
    url.remove_prefix(end + 1);
  }
  return found;
}

} // namespace nexmark
