#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "actors/link/peer_link.hpp"
#include "actors/messages/worker_messages.hpp"

namespace flow {

/// Messages over a control link. A message longer than `piece_bytes` goes in
/// several frames, so that signs of life pass between them.

inline constexpr std::size_t piece_bytes = std::size_t{1} << 20;

/// Longest message that is believed; a snapshot held in memory may be long.
inline constexpr std::size_t max_message_bytes = std::size_t{1} << 30;

/// In `frame_header::flags` of a control frame: the message goes on.
inline constexpr std::uint8_t more_follows = 1;

/// @thread one at a time
class message_sender {
public:
  explicit message_sender(std::shared_ptr<peer_link> over)
    : over_(std::move(over)) {}

  void send(const worker_message& what);

  [[nodiscard]] const std::shared_ptr<peer_link>& over() const { return over_; }

private:
  std::shared_ptr<peer_link> over_;
  std::uint64_t next_ = 0; // frame
};

/// @thread one at a time; the link's
class message_receiver {
public:
  /// The message that the frame completes, if it does. An error (corrupt_data)
  /// is final.
  expected<std::optional<worker_message>> accept(const net::frame_view& frame);

private:
  net::frame_sequence frames_;
  std::vector<std::byte> begun_;
};

} // namespace flow
