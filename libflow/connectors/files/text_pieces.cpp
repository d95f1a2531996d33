#include "libflow/connectors/files/text_pieces.hpp"

#include <algorithm>

namespace flow {

namespace {

unsigned char byte_of(char c) noexcept {
  return static_cast<unsigned char>(c);
}

/// ASCII bytes of words, and all others that may be part of a letter.
bool may_be_in_word(char c) noexcept {
  const auto byte = byte_of(c);
  return byte >= 0x80 || byte == '_' || (byte >= '0' && byte <= '9')
         || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

/// Whether a character of more than one byte begins here, in UTF-8.
bool begins_wide_character(char c) noexcept {
  return byte_of(c) >= 0xC0;
}

} // namespace

std::size_t whole_words(std::string_view text) noexcept {
  const auto gap = std::find_if_not(text.rbegin(), text.rend(), may_be_in_word);
  if (gap != text.rend())
    return static_cast<std::size_t>(gap.base() - text.begin());
  // Text without blanks, in another script: any character ends an ASCII word.
  const auto wide =
    std::find_if(text.rbegin(), text.rend(), begins_wide_character);
  return wide == text.rend()
           ? 0
           : static_cast<std::size_t>(wide.base() - text.begin()) - 1;
}

error word_too_long(const std::string& where) {
  return {error_code::malformed_input,
          where + ": a word is longer than "
            + std::to_string(longest_word_bytes >> 20) + " MiB",
          error_severity::fatal};
}

} // namespace flow
