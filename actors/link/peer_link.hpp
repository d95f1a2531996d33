#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/net/frame.hpp"

namespace flow {

/// Who listens to a link. Owner: the link, until it is closed. Calls come from
/// the link's thread, one at a time, and must not block: everything behind
/// them on that thread waits.
class link_handler {
public:
  virtual ~link_handler() = default;

  /// A frame came; its payload is valid during the call. An error closes the
  /// link with that reason.
  virtual expected<void> on_frame(const net::frame_view& frame) = 0;

  /// For how long nothing has come; told about twice a second on links that
  /// carry heartbeats.
  virtual void on_silence(std::chrono::milliseconds) {}

  /// The link has ended, whoever ended it; the last call. It may come during
  /// `peer_link::close` of a link in memory.
  virtual void on_closed(const error& why) = 0;
};

/// One connection to another process: frames, in order, both ways. What is
/// sent waits in memory until the peer takes it: who sends is bounded by
/// credit.
/// Owner: shared; a link without owners is closed.
/// @thread any
class peer_link {
public:
  using buffer = std::vector<std::byte>;

  virtual ~peer_link() = default;

  /// An empty buffer to build a frame in, with memory of a former one if there
  /// is any.
  [[nodiscard]] virtual buffer make_buffer() = 0;

  /// Sends one sealed frame (net::seal_frame). Dropped when the link is closed,
  /// which the handler hears of.
  virtual void send(buffer frame) = 0;

  /// False from the moment its handler is about to hear of the end.
  [[nodiscard]] virtual bool open() const = 0;

  /// Ends the connection; what was not written yet is dropped. `why` goes to
  /// the own handler, the peer sees the end alone.
  virtual void close(error why) = 0;
};

} // namespace flow
