// The snapshot of a task: its operators and the watermarks of its channels.

#include "actors/subtask/task_snapshot.hpp"
#include "test/fuzz/reseal.hpp"

namespace flow::fuzz {

std::vector<bytes> seeds() {
  const bytes part(20, std::byte{7});
  task_snapshot full;
  full.operators = {{part, {part, {}}, part}, {}};
  full.valves = {{{5, 8, min_timestamp}, 5}, {{max_timestamp}, max_timestamp}};
  return {encode(task_snapshot{}), encode(full)};
}

void reseal(bytes& input) {
  reseal_tail(input);
}

void run(std::span<const std::byte> input) {
  const auto read = decode_task_snapshot(input);
  if (!read)
    return;
  const auto written = encode(*read);
  require(std::ranges::equal(written, input),
          "a snapshot has two forms as bytes");
  const std::vector<task_snapshot> old{*read, *read};
  const std::vector<std::size_t> channels(read->valves.size(), 3);
  for (std::uint32_t index = 0; index < 3; ++index)
    (void)redistributed(old, index, 3, channels);
}

} // namespace flow::fuzz
