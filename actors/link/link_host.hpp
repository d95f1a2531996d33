#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "actors/link/peer_link.hpp"
#include "libflow/net/handshake.hpp"

namespace flow {

/// The links of a process: listens on two ports of the loopback interface, one
/// for control and one for data, each with a thread of its own, so that control
/// never waits behind data; dials those of others.
///
/// Who connects has to say who it is within handshake_timeout, in a frame of at
/// most net::max_handshake_payload, and to know the secret; else it is closed
/// without an answer. At most max_strangers of a port may be at that point.
///
/// Owner: the composition root. Its end closes all links and waits for the
/// threads, so it must not happen on one of them.
/// @thread any
class link_host {
public:
  static constexpr std::chrono::milliseconds handshake_timeout{5000};
  static constexpr std::chrono::milliseconds heartbeat_interval{500};
  static constexpr std::size_t max_strangers = 64;

  /// A link is open: whose it is, and who is to listen to it; null closes it.
  /// Called on the link's thread.
  using opened = std::function<std::shared_ptr<link_handler>(
    const std::shared_ptr<peer_link>&, const net::handshake& peer)>;
  using failed = std::function<void(const error&)>;

  /// Listens on a free port.
  /// @param own role and token are filled in per connection
  /// @param secret of the job; not empty
  /// Errors: io, with what the system says.
  static expected<std::unique_ptr<link_host>>
  start(net::handshake own, std::string secret, opened on_accept);

  virtual ~link_host() = default;

  /// Of the links of one role.
  [[nodiscard]] virtual std::uint16_t port(net::link_role role) const = 0;

  /// Connects to a process of this host. Exactly one of the two is called, on
  /// the link's thread, unless this object ends before.
  virtual void dial(std::uint16_t port, net::link_role role, opened on_open,
                    failed on_failure) = 0;
};

} // namespace flow
