// Operator state of one subtask: read, dealt out, restored.

#include "libflow/state/operator_state.hpp"
#include "test/fuzz/reseal.hpp"

namespace flow::fuzz {

namespace {

struct states {
  states() {
    list = *store.list(list_state_descriptor<std::string>{"list"});
    all = *store.union_list(union_list_state_descriptor<std::int64_t>{"all"});
    rules =
      *store.broadcast(broadcast_state_descriptor<std::string, int>{"rules"});
  }

  [[nodiscard]] bytes snapshot() const {
    bytes result;
    const auto parts = store.snapshot();
    {
      byte_writer out{result};
      write_operator_state(parts, out);
    }
    return result;
  }

  operator_state_store store;
  operator_list_state<std::string> list;
  union_list_state<std::int64_t> all;
  broadcast_state<std::string, int>* rules = nullptr;
};

} // namespace

std::vector<bytes> seeds() {
  std::vector<bytes> result{states{}.snapshot()};
  states full;
  for (int i = 0; i < 5; ++i) {
    full.list.add("entry " + std::to_string(i));
    full.all.add(i);
    full.rules->set(std::to_string(i), i);
  }
  result.push_back(full.snapshot());
  return result;
}

void reseal(bytes& input) {
  reseal_blocks(input);
}

void run(std::span<const std::byte> input) {
  auto parts = read_operator_state(input);
  if (!parts)
    return;
  bytes written;
  {
    byte_writer out{written};
    write_operator_state(*parts, out);
  }
  const auto again = read_operator_state(written);
  require(again && *again == *parts, "parts change when they are written");
  const std::vector<std::vector<operator_state_part>> old{*parts, *parts};
  const auto dealt = redistribute_states(old, 3);
  if (!dealt)
    return;
  for (const auto& each : *dealt) {
    states to;
    (void)to.store.restore(each);
  }
}

} // namespace flow::fuzz
