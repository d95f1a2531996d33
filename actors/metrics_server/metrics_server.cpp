#include "actors/metrics_server/metrics_server.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <caf/scoped_actor.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "actors/metrics_server/metrics_http.hpp"
#include "libflow/core/assert.hpp"

namespace flow {

FLOW_ATOM(serve)

namespace {

constexpr std::int64_t patience_ms = 2000;
constexpr std::int64_t for_ever = -1;

std::int64_t steady_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch())
    .count();
}

error refused(const host_port& where, const std::string& why) {
  return {error_code::io, "cannot serve metrics on " + where.host + ":"
                            + std::to_string(where.port) + ": " + why};
}

std::uint16_t port_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (::getsockname(socket, plain, &size) != 0)
    return 0;
  // The port stands at the same place for both families.
  return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

/// A socket that listens there, or -1 with errno.
int listening_socket(const addrinfo& where) {
  const int socket = ::socket(where.ai_family, where.ai_socktype | SOCK_CLOEXEC,
                              where.ai_protocol);
  if (socket < 0)
    return -1;
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket, where.ai_addr, where.ai_addrlen) == 0
      && ::listen(socket, 16) == 0)
    return socket;
  const int number = errno;
  ::close(socket);
  errno = number;
  return -1;
}

} // namespace

expected<std::unique_ptr<metrics_listener>>
metrics_listener::open(const host_port& where) {
  std::unique_ptr<metrics_listener> result{new metrics_listener};
  result->wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  FLOW_ASSERT(result->wake_ >= 0, "no file descriptor left for metrics");
  if (auto listening = result->listen_on(where); !listening)
    return listening.error();
  return result;
}

expected<void> metrics_listener::listen_on(const host_port& where) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int result = ::getaddrinfo(
    where.host.c_str(), std::to_string(where.port).c_str(), &hints, &found);
  if (result != 0)
    return refused(where, ::gai_strerror(result));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned{
    found, &::freeaddrinfo};
  socket_ = listening_socket(*found);
  if (socket_ < 0)
    return refused(where, std::generic_category().message(errno));
  port_ = port_of(socket_);
  return {};
}

metrics_listener::~metrics_listener() {
  if (socket_ >= 0)
    ::close(socket_);
  ::close(wake_);
}

void metrics_listener::wake() noexcept {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then it wakes all the same.
  [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

/// @return false when it is time to give up: woken, too late, or broken
bool metrics_listener::wait_for(int socket, short events,
                                std::int64_t until_ms) const {
  std::array<pollfd, 2> watched{pollfd{socket, events, 0},
                                pollfd{wake_, POLLIN, 0}};
  for (;;) {
    const std::int64_t rest =
      until_ms == for_ever ? -1
                           : std::max<std::int64_t>(until_ms - steady_ms(), 0);
    const int count =
      ::poll(watched.data(), watched.size(), static_cast<int>(rest));
    if (count < 0 && errno == EINTR)
      continue;
    return count > 0 && watched[1].revents == 0;
  }
}

void metrics_listener::serve(const std::function<std::string()>& render) {
  while (wait_for(socket_, POLLIN, for_ever)) {
    const int client =
      ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0)
      continue; // it went away before we looked
    answer(client, render);
    ::close(client);
  }
}

void metrics_listener::answer(
  int client, const std::function<std::string()>& render) const {
  const std::int64_t until = steady_ms() + patience_ms;
  std::string request;
  std::array<char, 2048> buffer;
  while (!request_complete(request)) {
    if (!wait_for(client, POLLIN, until))
      return;
    const auto got = ::recv(client, buffer.data(), buffer.size(), 0);
    if (got <= 0)
      return;
    request.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const std::string text = answer_to(request, render);
  std::string_view rest = text;
  while (!rest.empty() && wait_for(client, POLLOUT, until)) {
    const auto sent = ::send(client, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      return;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  ::shutdown(client, SHUT_WR);
}

metrics_server::metrics_server(caf::actor_system& system,
                               std::unique_ptr<metrics_listener> listener,
                               std::function<std::string()> render)
  : system_(system), listener_(std::move(listener)) {
  auto serve = [from = listener_.get(), render = std::move(render)](
                 caf::event_based_actor* self) -> caf::behavior {
    return {[=](serve_atom) {
      from->serve(render);
      self->quit();
    }};
  };
  actor_ = system_.spawn<caf::detached>(std::move(serve));
  caf::anon_send(actor_, serve_atom::value);
}

metrics_server::~metrics_server() {
  listener_->wake();
  caf::scoped_actor self{system_};
  self->wait_for(actor_);
}

} // namespace flow
