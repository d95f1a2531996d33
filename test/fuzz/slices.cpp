// The state of a window operator. It has no checksum of its own, so every
// mutation reaches the reader.

#include "test/fuzz/fuzz_target.hpp"
#include "test/libflow/windows/window_fixture.hpp"

namespace flow::fuzz {

namespace {

using job = window_test::sums<std::uint32_t>;

bytes snapshot_of(job& from) {
  return from.op().snapshot().keyed;
}

} // namespace

std::vector<bytes> seeds() {
  std::vector<bytes> result;
  for (const std::uint32_t keys : {0U, 1U, 30U}) {
    job filled{window_test::tumbling(10), 5};
    for (std::uint32_t key = 0; key < keys; ++key)
      filled.feed({key, 1}, key);
    filled.advance(12);
    filled.take();
    result.push_back(snapshot_of(filled));
  }
  return result;
}

void reseal(bytes&) {}

void run(std::span<const std::byte> input) {
  const std::vector<operator_snapshot> parts{
    {bytes(input.begin(), input.end()), {}, {}}};
  job restored{window_test::tumbling(10), 5};
  if (!restored.op().restore(parts))
    return;
  const std::vector<operator_snapshot> written{restored.op().snapshot()};
  job again{window_test::tumbling(10), 5};
  require(again.op().restore(written).has_value(),
          "what was restored cannot be written and restored again");
  restored.advance(max_timestamp);
}

} // namespace flow::fuzz
