#include "libflow/core/shared_bytes.hpp"

#include <utility>

#include "libflow/core/assert.hpp"
#include "libflow/core/large_memory.hpp"

namespace flow {

/// Either of the two holds the bytes.
struct shared_bytes::content {
  content(std::vector<std::byte> bytes, std::vector<page_pool::block> in_blocks,
          std::size_t count) noexcept
    : whole(std::move(bytes)), blocks(std::move(in_blocks)), size(count) {}
  content(const content&) = delete;
  content& operator=(const content&) = delete;

  /// Large ones go back to the system in pieces; see large_memory.hpp.
  ~content() {
    constexpr std::size_t large = std::size_t{4} << 20;
    if (whole.capacity() >= large)
      release_pages(whole.data(), whole.capacity());
  }

  std::vector<std::byte> whole;
  std::vector<page_pool::block> blocks;
  std::size_t size;
};

shared_bytes::shared_bytes(std::vector<std::byte> bytes) {
  const std::size_t size = bytes.size();
  if (size > 0)
    content_ = std::make_shared<const content>(
      std::move(bytes), std::vector<page_pool::block>{}, size);
}

shared_bytes::shared_bytes(std::vector<page_pool::block> blocks,
                           std::size_t size) {
  constexpr std::size_t each = page_pool::block_bytes;
  FLOW_ASSERT((size + each - 1) / each == blocks.size(),
              "as many blocks as the bytes need");
  if (size > 0)
    content_ = std::make_shared<const content>(std::vector<std::byte>{},
                                               std::move(blocks), size);
}

std::size_t shared_bytes::size() const noexcept {
  return content_ ? content_->size : 0;
}

std::span<const std::byte> shared_bytes::piece_at(std::size_t offset) const {
  const content& all = *content_;
  if (all.blocks.empty())
    return std::span{all.whole}.subspan(offset);
  const std::size_t within = offset % page_pool::block_bytes;
  const auto& block = all.blocks[offset / page_pool::block_bytes];
  return {block.get() + within,
          std::min(page_pool::block_bytes - within, all.size - offset)};
}

std::vector<std::byte> shared_bytes::whole() const {
  std::vector<std::byte> result;
  result.reserve(size());
  for_each_piece([&](std::span<const std::byte> piece) {
    result.insert(result.end(), piece.begin(), piece.end());
  });
  return result;
}

bool operator==(const shared_bytes& a, const shared_bytes& b) {
  if (a.size() != b.size())
    return false;
  for (std::size_t at = 0; at < a.size();) {
    const auto left = a.piece_at(at);
    const auto right = b.piece_at(at);
    const std::size_t both = std::min(left.size(), right.size());
    if (!std::ranges::equal(left.first(both), right.first(both)))
      return false;
    at += both;
  }
  return true;
}

} // namespace flow
