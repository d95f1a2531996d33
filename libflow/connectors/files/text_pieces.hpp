#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "libflow/core/error.hpp"

namespace flow {

/// The longest word that text without line ends may hold; what has to be kept
/// to give it whole.
inline constexpr std::size_t longest_word_bytes = std::size_t{16} << 20;

/// Size of the longest beginning of `text` that ends between words of A-Z a-z
/// 0-9 _ and between characters, behind white space or punctuation where there
/// is some; 0 when the first word goes on to the end. Cost: per byte of the
/// last word.
[[nodiscard]] std::size_t whole_words(std::string_view text) noexcept;

/// A word is longer than longest_word_bytes; reading it again finds the same.
[[nodiscard]] error word_too_long(const std::string& where);

} // namespace flow
