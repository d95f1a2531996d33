#include "libflow/core/text.hpp"

#include <bit>
#include <ostream>

#include "libflow/core/assert.hpp"

namespace flow {

static_assert(std::endian::native == std::endian::little,
              "the layout of text counts on the first byte being the lowest");

text text::borrow(std::string_view value) {
  text result;
  if (value.size() <= max_inline_size) {
    result.set_inline(value);
  } else {
    FLOW_ASSERT(value.size() <= max_size, "a text holds at most 2^30 bytes");
    result.set_long(value.data(), value.size(), 0);
  }
  return result;
}

void text::copy_long(std::string_view value) {
  FLOW_ASSERT(value.size() <= max_size, "a text holds at most 2^30 bytes");
  auto* target = detail::current_arena;
  char* bytes =
    target != nullptr ? target->allocate(value.size()) : new char[value.size()];
  std::memcpy(bytes, value.data(), value.size());
  set_long(bytes, value.size(), target != nullptr ? 0 : owned_bit);
}

void text::free_long() noexcept {
  delete[] long_data();
}

bool text::equal_tails(const text& a, const text& b) noexcept {
  const auto* x = a.long_data();
  const auto* y = b.long_data();
  return x == y || std::memcmp(x + 4, y + 4, a.size() - 4) == 0;
}

std::ostream& operator<<(std::ostream& out, const text& value) {
  return out << value.view();
}

} // namespace flow
