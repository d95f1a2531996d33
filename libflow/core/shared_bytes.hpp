#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libflow/core/codec.hpp"
#include "libflow/core/page_pool.hpp"

namespace flow {

/// Bytes that never change, in one piece or in several; copies share them. What
/// they lie in is freed, or recycled, when the last copy ends.
/// @thread any; each object one at a time
class shared_bytes {
public:
  shared_bytes() = default;

  explicit shared_bytes(std::vector<std::byte> bytes);

  /// @param size  of all; the last block is the only one that is not full
  shared_bytes(std::vector<page_pool::block> blocks, std::size_t size);

  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  /// Calls f(std::span<const std::byte>) for the pieces, in order.
  template <class F>
  void for_each_piece(F&& f) const {
    for (std::size_t at = 0; at < size();) {
      const auto piece = piece_at(at);
      f(piece);
      at += piece.size();
    }
  }

  /// A copy in one piece.
  [[nodiscard]] std::vector<std::byte> whole() const;

  friend bool operator==(const shared_bytes& a, const shared_bytes& b);

private:
  struct content;

  /// What lies in one piece from `offset` on.
  [[nodiscard]] std::span<const std::byte> piece_at(std::size_t offset) const;

  std::shared_ptr<const content> content_; // null: no bytes
};

/// As a std::vector of them.
template <>
struct codec<shared_bytes> {
  static constexpr std::size_t min_size = 4;

  static void encode(const shared_bytes& value, byte_writer& out) {
    out.write_length(value.size());
    value.for_each_piece([&](auto piece) { out.write_raw(piece); });
  }
  [[nodiscard]] static bool decode(byte_reader& in,
                                   shared_bytes& value) noexcept {
    std::size_t length = 0;
    std::span<const std::byte> bytes;
    if (!in.read_length(length, 1) || !in.read_raw(length, bytes))
      return false;
    value = shared_bytes{std::vector<std::byte>{bytes.begin(), bytes.end()}};
    return true;
  }
  [[nodiscard]] static std::string schema() {
    return codec<std::vector<std::byte>>::schema();
  }
};

} // namespace flow
