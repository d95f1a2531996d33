#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "actors/support/caf.hpp"
#include "libflow/core/error.hpp"
#include "libflow/core/option_values.hpp"

namespace flow {

/// A socket that listens for readers of metrics. Owner: whoever opened it.
class metrics_listener {
public:
  /// Listens on `where`; port 0 takes a free one.
  /// Errors: the host is not known, the port is taken.
  [[nodiscard]] static expected<std::unique_ptr<metrics_listener>>
  open(const host_port& where);

  metrics_listener(const metrics_listener&) = delete;
  metrics_listener& operator=(const metrics_listener&) = delete;
  ~metrics_listener();

  /// The port it listens on.
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// Answers readers one after the other until wake(). A reader that is slow
  /// is given up after two seconds, so that it does not keep out the others.
  /// Blocks.
  void serve(const std::function<std::string()>& render);

  /// Ends serve(), also one that is called later. @thread any
  void wake() noexcept;

private:
  metrics_listener() = default;

  expected<void> listen_on(const host_port& where);
  [[nodiscard]] bool wait_for(int socket, short events,
                              std::int64_t until_ms) const;
  void answer(int client, const std::function<std::string()>& render) const;

  int socket_ = -1;
  int wake_ = -1;
  std::uint16_t port_ = 0;
};

/// Serves metrics from an actor on a thread of its own as long as it lives.
/// Owner: the composition root, within the actor system's life.
class metrics_server {
public:
  /// @param render called on the server's thread; outlives this
  metrics_server(caf::actor_system& system,
                 std::unique_ptr<metrics_listener> listener,
                 std::function<std::string()> render);
  metrics_server(const metrics_server&) = delete;
  metrics_server& operator=(const metrics_server&) = delete;
  ~metrics_server();

private:
  caf::actor_system& system_;
  std::unique_ptr<metrics_listener> listener_;
  caf::actor actor_;
};

} // namespace flow
