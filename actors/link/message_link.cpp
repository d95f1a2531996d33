#include "actors/link/message_link.hpp"

#include <algorithm>
#include <utility>

namespace flow {

void message_sender::send(const worker_message& what) {
  const byte_string bytes = encode(what);
  std::span<const std::byte> rest{bytes};
  do {
    const auto piece = rest.first(std::min(rest.size(), piece_bytes));
    rest = rest.subspan(piece.size());
    net::frame_header header;
    header.kind = net::frame_kind::control;
    header.flags = rest.empty() ? 0 : more_follows;
    header.sequence = next_++;
    peer_link::buffer frame = over_->make_buffer();
    const auto made = net::encode_frame(header, piece, frame);
    FLOW_ASSERT(made.has_value(), "a piece fits into a frame");
    over_->send(std::move(frame));
  } while (!rest.empty());
}

expected<std::optional<worker_message>>
message_receiver::accept(const net::frame_view& frame) {
  if (frame.header.kind != net::frame_kind::control)
    return error{error_code::corrupt_data,
                 "a frame of a kind that no control link carries"};
  if (auto in_order = frames_.accept(frame.header); !in_order)
    return in_order.error();
  if (begun_.size() + frame.payload.size() > max_message_bytes)
    return error{error_code::corrupt_data, "a message beyond 1 GiB"};
  const bool whole = (frame.header.flags & more_follows) == 0;
  if (!whole || !begun_.empty())
    begun_.insert(begun_.end(), frame.payload.begin(), frame.payload.end());
  if (!whole)
    return std::optional<worker_message>{};
  const auto bytes = std::exchange(begun_, {});
  auto message = bytes.empty() ? decode_worker_message(frame.payload)
                               : decode_worker_message(bytes);
  if (!message)
    return message.error();
  return std::optional{std::move(*message)};
}

} // namespace flow
