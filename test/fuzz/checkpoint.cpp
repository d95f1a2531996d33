// The metadata of a checkpoint.

#include <algorithm>

#include "libflow/checkpoint/checkpoint_metadata.hpp"
#include "test/fuzz/reseal.hpp"

namespace flow::fuzz {

std::vector<bytes> seeds() {
  checkpoint_metadata small;
  small.checkpoint_id = 3;
  small.job_id = std::string(32, 'a');
  checkpoint_metadata full = small;
  vertex_state vertex;
  vertex.max_parallelism = 128;
  vertex.operators = {{7, "count", "count words", true},
                      {8, "", "print", false}};
  vertex.subtasks.resize(2);
  vertex.subtasks[1].stage = subtask_stage::finished;
  vertex.coordinator = bytes(9, std::byte{1});
  full.vertices = {vertex, vertex};
  return {encode(small), encode(full)};
}

void reseal(bytes& input) {
  reseal_blocks(input);
}

void run(std::span<const std::byte> input) {
  const auto read = decode_checkpoint_metadata(input);
  if (!read)
    return;
  require(std::ranges::equal(encode(*read), input),
          "metadata has two forms as bytes");
}

} // namespace flow::fuzz
