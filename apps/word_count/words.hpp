#pragma once

#include <array>
#include <string>
#include <string_view>

#include "libflow/flow.hpp"

/// The lower-case form of each byte that belongs in a word (A-Z a-z 0-9 _);
/// 0 of all others.
inline constexpr std::array<char, 256> letters = [] {
  std::array<char, 256> table{};
  for (const char c : std::string_view{"abcdefghijklmnopqrstuvwxyz0123456789_"})
    table[static_cast<unsigned char>(c)] = c;
  for (char c = 'A'; c <= 'Z'; ++c)
    table[static_cast<unsigned char>(c)] = static_cast<char>(c - 'A' + 'a');
  return table;
}();

/// The words of a line, lower-cased, in order.
inline void split_words(const flow::text& line,
                        flow::collector<flow::text>& out) {
  std::string word;
  for (const char c : line.view()) {
    if (const char letter = letters[static_cast<unsigned char>(c)]) {
      word.push_back(letter);
    } else if (!word.empty()) {
      out.emit(flow::text{word});
      word.clear();
    }
  }
  if (!word.empty())
    out.emit(flow::text{word});
}
