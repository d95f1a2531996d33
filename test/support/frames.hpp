#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "libflow/net/frame.hpp"

namespace flow::test {

/// A frame that owns its payload.
struct frame {
  net::frame_header header;
  std::vector<std::byte> payload;

  frame() = default;
  frame(net::frame_header head, std::vector<std::byte> body)
    : header(head), payload(std::move(body)) {}
  explicit frame(const net::frame_view& view)
    : header(view.header), payload(view.payload.begin(), view.payload.end()) {}

  operator net::frame_view() const { return {header, payload}; }

  friend bool operator==(const frame&, const frame&) = default;
};

/// Gives a reader what it has room for. @return how many bytes
inline std::size_t feed(net::frame_reader& reader,
                        std::span<const std::byte> bytes) {
  const auto room = reader.room();
  const auto count = std::min(room.size(), bytes.size());
  std::memcpy(room.data(), bytes.data(), count);
  reader.filled(count);
  return count;
}

} // namespace flow::test
