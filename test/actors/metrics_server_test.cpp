#include "actors/metrics_server/metrics_server.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actors/metrics_server/metrics_http.hpp"
#include "actors/support/runtime_config.hpp"

using namespace flow;

namespace {

int connected_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(socket >= 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  return socket;
}

std::string exchange(std::uint16_t port, const std::string& request) {
  const int socket = connected_to(port);
  REQUIRE(::send(socket, request.data(), request.size(), MSG_NOSIGNAL)
          == static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::recv(socket, buffer, sizeof buffer, 0)) > 0;)
    answer.append(buffer, static_cast<std::size_t>(got));
  ::close(socket);
  return answer;
}

std::string status_of(const std::string& request) {
  const std::string answer = answer_to(request, [] { return "body"; });
  return answer.substr(0, answer.find("\r\n"));
}

} // namespace

TEST_CASE("only GET and HEAD of /metrics are answered with metrics") {
  CHECK(status_of("GET /metrics HTTP/1.1\r\n\r\n") == "HTTP/1.1 200 OK");
  CHECK(status_of("GET /metrics?a=b HTTP/1.0\r\n\r\n") == "HTTP/1.1 200 OK");
  CHECK(status_of("HEAD /metrics HTTP/1.1\r\n\r\n") == "HTTP/1.1 200 OK");
  CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == "HTTP/1.1 404 Not Found");
  CHECK(status_of("POST /metrics HTTP/1.1\r\n\r\n")
        == "HTTP/1.1 405 Method Not Allowed");
  CHECK(status_of("\r\n\r\n") == "HTTP/1.1 400 Bad Request");
  CHECK(status_of("GET /metrics\r\n\r\n") == "HTTP/1.1 400 Bad Request");
  CHECK(status_of(std::string(longest_request_head, 'x'))
        == "HTTP/1.1 431 Request Header Fields Too Large");
}

TEST_CASE("an answer says how long it is and that the connection ends") {
  const std::string request = "GET /metrics HTTP/1.1\r\n\r\n";
  CHECK(answer_to(request, [] { return "a 1\n"; })
        == "HTTP/1.1 200 OK\r\n"
           "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
           "Content-Length: 4\r\nConnection: close\r\n\r\na 1\n");
}

TEST_CASE("a request is complete with its empty line, or when it is too long") {
  CHECK_FALSE(request_complete("GET /metrics HTTP/1.1\r\nHost: a\r\n"));
  CHECK(request_complete("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(request_complete(std::string(longest_request_head, 'x')));
}

TEST_CASE("a server answers readers one after the other and ends") {
  runtime_config config;
  caf::actor_system system{config};
  auto listener = metrics_listener::open({"127.0.0.1", 0});
  REQUIRE(listener);
  const std::uint16_t port = (*listener)->port();
  CHECK(port != 0);
  const metrics_server server{system, std::move(*listener),
                              [] { return "flow_x 1\n"; }};
  for (int i = 0; i < 3; ++i)
    CHECK(exchange(port, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            .ends_with("\r\n\r\nflow_x 1\n"));
  // One that says nothing does not keep the server from ending.
  const int silent = connected_to(port);
  CHECK(exchange(port, "GET /nothing HTTP/1.1\r\n\r\n").empty() == false);
  ::close(silent);
}

TEST_CASE("a port that is taken and a host that is not known are errors") {
  auto first = metrics_listener::open({"127.0.0.1", 0});
  REQUIRE(first);
  const std::uint16_t port = (*first)->port();
  const auto second = metrics_listener::open({"127.0.0.1", port});
  REQUIRE_FALSE(second);
  CHECK(second.error().text
        == "cannot serve metrics on 127.0.0.1:" + std::to_string(port)
             + ": Address already in use");
  const auto nowhere = metrics_listener::open({"256.1.1.1", 0});
  REQUIRE_FALSE(nowhere);
}
