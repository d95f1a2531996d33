#include "libflow/connectors/sockets/line_socket.hpp"

#include <thread>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libflow/connectors/files/text_pieces.hpp"

using namespace flow;
using namespace std::chrono_literals;

namespace {

constexpr auto long_enough = 20s;

/// A server of one connection on a port of its own.
struct server {
  int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  int peer = -1;
  socket_address address{"127.0.0.1", ""};

  server() {
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* any = reinterpret_cast<sockaddr*>(&at);
    REQUIRE(::bind(listener, any, size) == 0);
    REQUIRE(::listen(listener, 1) == 0);
    REQUIRE(::getsockname(listener, any, &size) == 0);
    address.port = std::to_string(ntohs(at.sin_port));
  }

  ~server() {
    hang_up();
    ::close(listener);
  }

  void accept() { peer = ::accept(listener, nullptr, nullptr); }

  void send(std::string_view text) {
    while (!text.empty()) {
      auto put = ::send(peer, text.data(), text.size(), MSG_NOSIGNAL);
      REQUIRE(put > 0);
      text.remove_prefix(static_cast<std::size_t>(put));
    }
  }

  void hang_up() {
    if (peer >= 0)
      ::close(peer);
    peer = -1;
  }
};

} // namespace

TEST_CASE("addresses of the command line are host and port") {
  auto plain = parse_socket_address("localhost:9999");
  REQUIRE(plain);
  CHECK(plain->host == "localhost");
  CHECK(plain->port == "9999");
  auto six = parse_socket_address("[::1]:80");
  REQUIRE(six);
  CHECK(six->host == "::1");
  for (const auto* bad : {"", "host", "host:", ":1", "host:0", "host:65536",
                          "host:x", "host:1x", "::1:80", "host:-1"})
    CHECK_MESSAGE(!parse_socket_address(bad), bad);
}

TEST_CASE("lines come one by one, the last one when the other side closes") {
  server other;
  line_socket socket;
  REQUIRE(socket.connect(other.address, long_enough));
  other.accept();
  other.send("one\r\n\ntw");
  std::string_view line;
  REQUIRE(socket.next(line, long_enough) == socket_status::line);
  CHECK(line == "one");
  REQUIRE(socket.next(line, long_enough) == socket_status::line);
  CHECK(line.empty());
  CHECK(socket.next(line, 0ms) == socket_status::quiet);
  other.send("o\nthree");
  REQUIRE(socket.next(line, long_enough) == socket_status::line);
  CHECK(line == "two");
  other.hang_up();
  REQUIRE(socket.next(line, long_enough) == socket_status::line);
  CHECK(line == "three");
  CHECK(socket.next(line, long_enough) == socket_status::end);
}

TEST_CASE("a line that never ends comes in pieces between words") {
  server other;
  line_socket socket;
  REQUIRE(socket.connect(other.address, long_enough));
  other.accept();
  std::string text;
  while (text.size() < (3 << 20))
    text.append(std::to_string(text.size())).append(" ");
  std::thread sender{[&] {
    other.send(text + "\nend");
    other.hang_up();
  }};
  std::string joined;
  std::size_t most = 0;
  std::string_view line;
  std::string last;
  while (socket.next(line, long_enough) == socket_status::line) {
    joined += line;
    most = std::max(most, line.size());
    last = line;
    CHECK((line == "end" || line.back() == ' '));
  }
  sender.join();
  CHECK(joined == text + "end");
  CHECK(most < (1 << 20) + (1 << 17));
  CHECK(last == "end");
}

TEST_CASE("a long word comes whole, one without an end is a failure") {
  for (const std::size_t size : {std::size_t{3} << 20, longest_word_bytes}) {
    server other;
    line_socket socket;
    REQUIRE(socket.connect(other.address, long_enough));
    other.accept();
    std::thread sender{[&] {
      other.send(std::string(size, 'x'));
      if (size < longest_word_bytes)
        other.send("\n");
    }};
    std::string_view line;
    if (size < longest_word_bytes) {
      REQUIRE(socket.next(line, long_enough) == socket_status::line);
      CHECK(line == std::string(size, 'x'));
    } else {
      REQUIRE(socket.next(line, long_enough) == socket_status::failed);
      CHECK(socket.failure().code == error_code::malformed_input);
    }
    sender.join();
  }
}

TEST_CASE("stopping gives the line that has no end yet") {
  server other;
  line_socket socket;
  REQUIRE(socket.connect(other.address, long_enough));
  other.accept();
  other.send("one\ntwo");
  std::string_view line;
  REQUIRE(socket.next(line, long_enough) == socket_status::line);
  CHECK(socket.next(line, 0ms) == socket_status::quiet);
  socket.stop();
  REQUIRE(socket.next(line, long_enough) == socket_status::line);
  CHECK(line == "two");
  CHECK(socket.next(line, long_enough) == socket_status::stopped);
}

TEST_CASE("stopping ends a wait, after the lines that came") {
  server other;
  line_socket socket;
  REQUIRE(socket.connect(other.address, long_enough));
  other.accept();
  other.send("one\ntwo\n");
  std::string_view line;
  REQUIRE(socket.next(line, long_enough) == socket_status::line);
  std::thread stopper{[&] { socket.stop(); }};
  REQUIRE(socket.next(line, long_enough) == socket_status::line);
  CHECK(line == "two");
  CHECK(socket.next(line, long_enough) == socket_status::stopped);
  stopper.join();
  CHECK(socket.next(line, long_enough) == socket_status::stopped);
}

TEST_CASE("a port where nobody listens and an unknown host are errors") {
  socket_address nobody;
  {
    server gone;
    nobody = gone.address;
  }
  line_socket socket;
  auto refused = socket.connect(nobody, long_enough);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text
        == "cannot connect to 127.0.0.1:" + nobody.port
             + ": Connection refused");
  auto unknown = socket.connect({"no-such-host.invalid", "80"}, long_enough);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().text.find("no-such-host.invalid:80")
        != std::string::npos);
}
