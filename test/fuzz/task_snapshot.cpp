// The snapshot of a task: its operators and the watermarks of its channels.

#include "actors/subtask/task_snapshot.hpp"
#include "test/fuzz/reseal.hpp"

namespace flow::fuzz {

namespace {

/// Bytes as if they had only been referenced.
struct referenced {
  bytes all;

  bool write_some(byte_writer& out) {
    out.write_raw(all);
    return !std::exchange(all, {}).empty();
  }
};

bytes written(const task_snapshot& from) {
  task_capture capture{from.ids, {}, from.valves};
  for (const auto& each : from.operators) {
    auto keyed = each.keyed.empty() ? nullptr : defer(referenced{each.keyed});
    capture.operators.push_back(
      {std::move(keyed), each.list, each.broadcast, {}, {}, each.states});
  }
  return encode(std::move(capture));
}

} // namespace

std::vector<bytes> seeds() {
  const bytes part(20, std::byte{7});
  task_snapshot full;
  full.ids = {1, 2};
  full.operators = {
    {part,
     {part, {}},
     part,
     {{state_format::state_kind::union_list, "all", "i64", {part, {}}}}},
    {}};
  full.valves = {{{5, 8, min_timestamp}, 5}, {{max_timestamp}, max_timestamp}};
  return {written(task_snapshot{}), written(full)};
}

void reseal(bytes& input) {
  reseal_tail(input);
}

void run(std::span<const std::byte> input) {
  const auto read = decode_task_snapshot(input);
  if (!read)
    return;
  require(std::ranges::equal(written(*read), input),
          "a snapshot has two forms as bytes");
  const old_vertex old{*read, *read};
  const std::vector<std::size_t> channels(read->valves.size(), 3);
  for (std::uint32_t index = 0; index < 3; ++index)
    (void)redistributed({&old, 1}, read->ids, index, 3, channels);
}

} // namespace flow::fuzz
