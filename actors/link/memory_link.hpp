#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "actors/link/peer_link.hpp"

namespace flow {

/// Two links that end in each other, without sockets or threads, for tests and
/// for a cluster that runs in one thread by seed. Frames pass the same reader
/// as those of a socket. Whoever drives it calls `deliver`.
/// @thread any, `deliver` one at a time
class memory_link final : public peer_link {
public:
  /// Both ends, which keep each other.
  static std::pair<std::shared_ptr<memory_link>, std::shared_ptr<memory_link>>
  make_pair();

  /// Once, before anything is delivered here.
  void listen(std::shared_ptr<link_handler> handler);

  buffer make_buffer() override { return {}; }
  void send(buffer frame) override;
  [[nodiscard]] bool open() const override;
  void close(error why) override;

  /// Gives the oldest bytes that the other end has sent to the handler.
  /// @return false when nothing waits
  bool deliver();

  /// Puts bytes before the handler as if the other end had sent them.
  void inject(buffer bytes);

private:
  bool take(std::span<const std::byte> bytes);

  mutable std::mutex mutex_;
  std::deque<buffer> arriving_; // guarded by mutex_
  bool closed_ = false;         // guarded by mutex_
  bool peer_closed_ = false;    // guarded by mutex_
  std::weak_ptr<memory_link> peer_;
  std::shared_ptr<link_handler> handler_;
  net::frame_reader reader_;
};

} // namespace flow
