#include "libflow/core/text.hpp"

#include <atomic>
#include <bit>
#include <cstddef>
#include <new>
#include <ostream>

#include "libflow/core/assert.hpp"
#include "libflow/core/text_heap.hpp"

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

namespace {

/// Stands before owned bytes that are shared.
using share_count = std::atomic<std::uint32_t>;
constexpr std::size_t count_room = alignof(std::max_align_t);

share_count& count_of(const char* bytes) noexcept {
  auto* const block = const_cast<char*>(bytes) - count_room;
  return *std::launder(reinterpret_cast<share_count*>(block));
}

char* allocate_shared(std::size_t size) {
  auto* const block = static_cast<char*>(::operator new(count_room + size));
  new (block) share_count{1};
  return block + count_room;
}

void release_shared(const char* bytes) noexcept {
  if (count_of(bytes).fetch_sub(1, std::memory_order_acq_rel) == 1)
    ::operator delete(const_cast<char*>(bytes) - count_room);
}

} // namespace

void text::copy_long(std::string_view value) {
  FLOW_ASSERT(value.size() <= max_size, "a text holds at most 2^30 bytes");
  auto* target = detail::current_arena;
  char* bytes = target != nullptr ? target->allocate(value.size())
                : value.size() > max_copied_size
                  ? allocate_shared(value.size())
                  : detail::take_text_bytes(value.size());
  std::memcpy(bytes, value.data(), value.size());
  set_long(bytes, value.size(), target != nullptr ? 0 : owned_bit);
}

void text::copy_long(const text& other) {
  if (auto* const target = detail::current_arena; target != nullptr) {
    // What a batch copies of another: size and first bytes are at hand.
    char* const bytes = target->allocate(other.size());
    std::memcpy(bytes, other.long_data(), other.size());
    words_ = {other.words_[0] & ~owned_bit,
              reinterpret_cast<std::uintptr_t>(bytes)};
    return;
  }
  if (!other.owns() || other.size() <= max_copied_size) {
    copy_long(other.view());
    return;
  }
  count_of(other.long_data()).fetch_add(1, std::memory_order_relaxed);
  words_ = other.words_;
}

void text::free_long(const words& former) noexcept {
  const auto size = static_cast<std::size_t>(former[0] & size_mask);
  if (size > max_copied_size)
    release_shared(pointer_in(former));
  else
    detail::give_text_bytes(const_cast<char*>(pointer_in(former)), size);
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
