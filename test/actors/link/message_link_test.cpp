#include "actors/link/message_link.hpp"

#include <doctest/doctest.h>

#include <random>

#include "actors/cluster/worker_spec.hpp"
#include "actors/link/memory_link.hpp"
#include "actors/remote_worker/worker_board.hpp"
#include "test/support/test_seed.hpp"

using namespace flow;

namespace {

/// Keeps the messages that come over a link.
struct message_handler final : link_handler {
  expected<void> on_frame(const net::frame_view& frame) override {
    ++frames;
    auto message = receiver.accept(frame);
    if (!message)
      return message.error();
    if (*message)
      messages.push_back(std::move(**message));
    return {};
  }
  void on_closed(const error& why) override { closed = why; }

  message_receiver receiver;
  std::size_t frames = 0;
  std::vector<worker_message> messages;
  std::optional<error> closed;
};

struct control_link {
  std::shared_ptr<memory_link> near;
  std::shared_ptr<memory_link> far;
  std::shared_ptr<message_handler> handler =
    std::make_shared<message_handler>();

  control_link() {
    std::tie(near, far) = memory_link::make_pair();
    far->listen(handler);
  }
  void deliver_all() {
    while (far->deliver()) {
    }
  }
};

split_answer answer_of(std::size_t size) {
  return {1, 2, byte_string(size, std::byte{7}), {}};
}

} // namespace

TEST_CASE("messages arrive in order, long ones in pieces") {
  control_link link;
  message_sender sender{link.near};
  sender.send(worker_hello{1, {"a fact", "another"}, 2, 3});
  sender.send(answer_of(3 * piece_bytes));
  sender.send(worker_ready{});
  link.deliver_all();
  REQUIRE(link.handler->messages.size() == 3);
  CHECK(link.handler->frames > 5);
  const auto& hello = std::get<worker_hello>(link.handler->messages[0]);
  CHECK(hello.graph_facts == std::vector<std::string>{"a fact", "another"});
  const auto& answer = std::get<split_answer>(link.handler->messages[1]);
  CHECK(answer.split->size() == 3 * piece_bytes);
  CHECK(std::holds_alternative<worker_ready>(link.handler->messages[2]));
}

TEST_CASE("what is no message closes the link") {
  control_link link;
  net::frame_header header;
  header.kind = net::frame_kind::control;
  const byte_string nonsense(20, std::byte{0xee});
  peer_link::buffer frame;
  REQUIRE(net::encode_frame(header, nonsense, frame));
  link.near->send(frame);
  link.deliver_all();
  REQUIRE(link.handler->closed);
  CHECK(link.handler->closed->code == error_code::corrupt_data);
}

TEST_CASE("random and mutated messages do no harm") {
  std::mt19937_64 random{test_seed()};
  const auto whole = encode(worker_message{worker_hello{1, {"x", "yy"}, 2, 3}});
  for (int round = 0; round < 20'000; ++round) {
    byte_string bytes = whole;
    if (round % 2 == 0)
      bytes.resize(1 + random() % 100);
    bytes[0] = static_cast<std::byte>(random() % 32);
    for (auto flips = random() % 6; flips > 0; --flips)
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    if (const auto what = decode_worker_message(bytes))
      CHECK(decode_worker_message(encode(*what)));
  }
}

TEST_CASE("a state that no task has is damage") {
  auto bytes =
    encode(worker_message{task_changed{{1, 2, task_state::running, {}}}});
  CHECK(decode_worker_message(bytes));
  // Failed without a cause.
  CHECK(!decode_worker_message(
    encode(worker_message{task_changed{{1, 2, task_state::failed, {}}}})));
  CHECK(!decode_worker_message(encode(
    worker_message{task_changed{{1, 2, static_cast<task_state>(99), {}}}})));
}

TEST_CASE("what a worker is told comes back from its text") {
  const worker_spec spec{job_id{1, 2},         "secret", 4711, 3, 0,
                         {{vertex_id{2}, 256}}};
  const auto back = parse_worker_spec(to_text(spec) + "incarnation 5\n");
  REQUIRE(back);
  CHECK(back->job == spec.job);
  CHECK(back->token == "secret");
  CHECK(back->control_port == 4711);
  CHECK(back->worker == 3);
  CHECK(back->incarnation == 5);
  CHECK(back->max_parallelism == spec.max_parallelism);
  CHECK(!parse_worker_spec(to_text(spec)));
  CHECK(!parse_worker_spec(""));
}

TEST_CASE("a worker that is replaced goes on counting") {
  worker_board board;
  CHECK(board.enter({0, 0, 1, 2}).empty());
  CHECK(board.enter({1, 0, 3, 4}).size() == 1);
  worker_metrics counts;
  counts.records_in = 10;
  counts.watermark = 500;
  counts.text = "a 1\n";
  board.count(0, counts);
  counts.records_in = 7;
  counts.watermark = 400;
  counts.text.reset();
  board.count(1, counts);
  CHECK(board.totals().records_in == 17);
  CHECK(board.totals().watermark == 400);
  board.leave(1);
  board.used(1, 0.5, 100);
  CHECK(board.totals().watermark == 500);
  CHECK(board.enter({1, 1, 5, 6}).size() == 1);
  counts.records_in = 2;
  board.count(1, counts);
  CHECK(board.totals().records_in == 19);
  board.used(1, 0.25, 70);
  CHECK(board.cpu_seconds() == 0.75);
  CHECK(board.peak_rss_bytes() == 100);
  CHECK(board.texts() == std::vector<std::string>{"a 1\n", ""});
}
