// What the control links of a job with worker processes carry: the payload of
// one message.

#include "actors/messages/worker_messages.hpp"
#include "test/fuzz/fuzz_target.hpp"

namespace flow::fuzz {

namespace {

byte_string some_bytes(std::size_t size) {
  return byte_string(size, std::byte{7});
}

wiring_order wiring() {
  wiring_order order{3, 2, {}, {}, 1};
  order.outputs = {{{0, 4, 0}, {1, 5, 1}}, {}};
  order.inputs = {{1, 0, 0, 2}, {0, 1, 0, 3}};
  return order;
}

checkpoint_ack ack() {
  checkpoint_ack result;
  result.task = 3;
  result.attempt = 2;
  result.checkpoint_id = 9;
  return result;
}

} // namespace

std::vector<bytes> seeds() {
  task_report failed{3, 2, task_state::failed,
                     error{error_code::io, "no more", error_severity::fatal}};
  std::vector<worker_message> messages{
    worker_hello{1, {"vertex 0", "vertex 1"}, 4711, 4712},
    known_workers{{{0, 1, 4711, 4712}, {2, 0, 4713, 4714}}},
    worker_ready{},
    deploy_order{3, 2, {}, std::pair{std::string{"chk-1"}, some_bytes(20)}},
    coordinator_order{1, 2, some_bytes(9)},
    wiring(),
    task_order{3, 2, task_action::cancel},
    coordinator_cancel{1, 2},
    explanation_question{1, 3, 2, true},
    explanation_answer{1, {"waits", "input 0", 0.5}},
    task_deployed{3, 2},
    coordinator_deployed{1, 2},
    task_connected{3, 2},
    task_changed{std::move(failed)},
    worker_metrics{1, 2, 3, 4, 5, {{"rows", 6}}, "flow_up 1\n"},
    split_question{1, 2, 0, 3},
    split_answer{3, 2, some_bytes(12), {}},
    worker_end{},
    checkpoint_order{3, false, 2, checkpoint_action::trigger, {}},
    readers_order{1, 2, {{0, 3}, {1, 4}}},
    ack(),
    checkpoint_decline{3, 2, 9, true, "disk full"},
    task_at_end{3, 2},
    source_state{1, 2, 9, some_bytes(30)},
    reader_trigger{3, 2, {}},
    task_watermark{3, 2, 1'000},
    watermark_limit{3, 2, 61'000},
  };
  std::vector<bytes> result;
  for (const auto& each : messages)
    result.push_back(encode(each));
  return result;
}

void reseal(bytes&) {} // frames carry the checksums

void run(std::span<const std::byte> input) {
  const auto read = decode_worker_message(input);
  if (!read) {
    require(read.error().code == error_code::corrupt_data,
            "damage has another code");
    return;
  }
  // What was taken can be sent on and means the same then. Bytes may differ:
  // there is more than one way to write a NaN.
  const byte_string written = encode(*read);
  const auto again = decode_worker_message(written);
  require(again.has_value(), "a message that came cannot be sent on");
  require(again->index() == read->index(), "it is another message now");
  require(encode(*again) == written, "its bytes are not stable");
}

} // namespace flow::fuzz
