#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <span>
#include <vector>

#include "libflow/core/assert.hpp"

namespace flow::bench {

/// Two ends of a TCP connection of the loopback interface. Anything that goes
/// wrong in this file ends the process: it is a measurement.
inline void connect_pair(int& a, int& b) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  const int listening = socket(AF_INET, SOCK_STREAM, 0);
  a = socket(AF_INET, SOCK_STREAM, 0);
  FLOW_ASSERT(bind(listening, raw, size) == 0 && listen(listening, 1) == 0
                && getsockname(listening, raw, &size) == 0
                && connect(a, raw, size) == 0
                && (b = accept(listening, nullptr, nullptr)) >= 0,
              "no connection over the loopback interface");
  close(listening);
}

inline void send_all(int to, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    FLOW_ASSERT(sent > 0, "the connection broke");
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

/// Calls take(entry) for each that comes until the other side ends.
/// @param room entries that a call of the system brings at most
template <class Entry, class Take>
void receive_all(int from, std::size_t room, Take&& take) {
  std::vector<Entry> entries(room);
  auto* const bytes = reinterpret_cast<char*>(entries.data());
  std::size_t held = 0;
  for (;;) {
    const ssize_t got =
      recv(from, bytes + held, room * sizeof(Entry) - held, 0);
    FLOW_ASSERT(got >= 0, "the connection broke");
    if (got == 0)
      return;
    held += static_cast<std::size_t>(got);
    const std::size_t whole = held / sizeof(Entry);
    for (std::size_t i = 0; i < whole; ++i)
      take(entries[i]);
    held -= whole * sizeof(Entry);
    std::memmove(bytes, bytes + whole * sizeof(Entry), held);
  }
}

} // namespace flow::bench
