#include "actors/link/link_host.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>

#include "test/actors/link/link_fixture.hpp"
#include "test/support/test_seed.hpp"

using namespace flow;
using namespace flow::test;

namespace {

using bytes = std::vector<std::byte>;
using net::link_role;

frame numbered(std::uint64_t sequence, std::size_t size) {
  return {{net::frame_kind::data, 0, job_id{1, 2}, attempt_number{3},
           channel_index{4}, sequence},
          bytes(size, static_cast<std::byte>(sequence))};
}

void send(peer_link& over, const frame& what) {
  bytes raw = over.make_buffer();
  REQUIRE(net::encode_frame(what.header, what.payload, raw));
  over.send(std::move(raw));
}

/// A program that knows nothing of links.
class stranger {
public:
  explicit stranger(std::uint16_t port)
    : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&address),
                      sizeof address)
            == 0);
  }
  stranger(const stranger&) = delete;
  stranger& operator=(const stranger&) = delete;
  ~stranger() { ::close(socket_); }

  /// What it can send before the other closes.
  void send(const bytes& what) {
    (void)::send(socket_, what.data(), what.size(), MSG_NOSIGNAL);
  }

  /// How many bytes come until the other closes.
  std::size_t read_to_end() {
    std::size_t total = 0;
    bytes room(4096);
    for (;;) {
      const auto count = ::recv(socket_, room.data(), room.size(), 0);
      if (count <= 0)
        return total;
      total += static_cast<std::size_t>(count);
    }
  }

private:
  int socket_;
};

} // namespace

TEST_CASE("frames pass a link both ways, whole and in order") {
  std::mt19937_64 random{test_seed()};
  listening_process a{"a"};
  listening_process b{"b"};
  for (const auto role : {link_role::control, link_role::data}) {
    auto handler = std::make_shared<recording_handler>();
    auto dialled = dial(*b.host, a.host->port(role), role, handler);
    REQUIRE(dialled);
    CHECK(a.peer.get().worker == "b");
    CHECK(a.peer.get().role == role);
    if (role == link_role::control)
      continue;
    std::vector<frame> sent;
    for (std::uint64_t i = 0; i < 300; ++i)
      sent.push_back(
        numbered(i, random() % (i % 50 == 0 ? 2'000'000 : 50'000)));
    for (const auto& each : sent) {
      send(**dialled, each);
      send(*a.accepted.get(), each);
    }
    CHECK(handler->wait_for_frames(sent.size()) == sent);
    CHECK(a.handler->wait_for_frames(sent.size()) == sent);
  }
}

TEST_CASE("who does not know the secret is not answered") {
  listening_process a{"a"};
  listening_process other{"b", "another secret"};
  const auto dialled =
    dial(*other.host, a.host->port(link_role::data), link_role::data,
         std::make_shared<recording_handler>());
  REQUIRE(!dialled);
  CHECK(dialled.error().code == error_code::io);
}

TEST_CASE("a port serves one role") {
  listening_process a{"a"};
  listening_process b{"b"};
  CHECK(!dial(*b.host, a.host->port(link_role::control), link_role::data,
              std::make_shared<recording_handler>()));
}

TEST_CASE("a port where nobody listens is an error") {
  std::uint16_t port = 0;
  {
    listening_process gone{"gone"};
    port = gone.host->port(link_role::data);
  }
  listening_process b{"b"};
  CHECK(!dial(*b.host, port, link_role::data,
              std::make_shared<recording_handler>()));
}

TEST_CASE("both ends hear of the end of a link") {
  listening_process a{"a"};
  listening_process b{"b"};
  auto handler = std::make_shared<recording_handler>();
  auto dialled =
    dial(*b.host, a.host->port(link_role::data), link_role::data, handler);
  REQUIRE(dialled);
  CHECK((*dialled)->open());
  (*dialled)->close({error_code::cancelled, "enough"});
  CHECK(handler->wait_for_end().text == "enough");
  CHECK(!(*dialled)->open());
  CHECK(a.handler->wait_for_end().code == error_code::io);
}

TEST_CASE("the end of a process is the end of its links") {
  auto a = std::make_unique<listening_process>("a");
  listening_process b{"b"};
  auto handler = std::make_shared<recording_handler>();
  auto dialled = dial(*b.host, a->host->port(link_role::control),
                      link_role::control, handler);
  REQUIRE(dialled);
  const auto kept = a->accepted.get(); // outlives its host
  a.reset();
  CHECK(handler->wait_for_end().code == error_code::io);
  send(*kept, numbered(0, 10));
}

TEST_CASE("bytes that are no frame close the link, with the reason") {
  listening_process a{"a"};
  listening_process b{"b"};
  auto dialled = dial(*b.host, a.host->port(link_role::data), link_role::data,
                      std::make_shared<recording_handler>());
  REQUIRE(dialled);
  bytes raw;
  const frame whole = numbered(0, 100);
  REQUIRE(net::encode_frame(whole.header, whole.payload, raw));
  (*dialled)->send(raw);
  raw.back() ^= std::byte{1};
  (*dialled)->send(raw);
  const auto why = a.handler->wait_for_end();
  CHECK(why.code == error_code::corrupt_data);
  CHECK(why.text.find("checksum") != std::string::npos);
  CHECK(a.handler->wait_for_frames(1).size() == 1);
}

TEST_CASE("strangers get nothing and do no harm to a link that is open") {
  std::mt19937_64 random{test_seed()};
  listening_process a{"a"};
  listening_process b{"b"};
  const auto port = a.host->port(link_role::data);
  auto handler = std::make_shared<recording_handler>();
  auto dialled = dial(*b.host, port, link_role::data, handler);
  REQUIRE(dialled);
  bytes hello;
  auto guess = identity("c");
  guess.token = "guessed";
  guess.role = link_role::data;
  REQUIRE(net::encode_handshake(guess, hello));
  for (int round = 0; round < 200; ++round) {
    bytes noise = hello;
    if (round % 3 == 0)
      noise.resize(1 + random() % 5000);
    for (auto flips = round % 3 == 1 ? 1 + random() % 8 : 0; flips > 0; --flips)
      noise[random() % noise.size()] ^=
        static_cast<std::byte>(1 + random() % 255);
    if (round % 3 == 0)
      for (auto& each : noise)
        each = static_cast<std::byte>(random());
    stranger who{port};
    who.send(noise);
    CHECK(who.read_to_end() == 0);
  }
  send(**dialled, numbered(0, 10));
  CHECK(a.handler->wait_for_frames(1).size() == 1);
}
