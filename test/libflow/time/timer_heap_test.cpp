#include "libflow/time/timer_heap.hpp"

#include <map>
#include <random>

#include "test/support/test_seed.hpp"

using namespace flow;

TEST_CASE("a heap of timers is an ordered map that forgets what is erased") {
  std::mt19937_64 random{test_seed()};
  timer_heap heap;
  std::map<std::pair<timestamp, std::uint64_t>, timer_heap::handle> model;
  for (int i = 0; i < 50'000; ++i) {
    const std::pair<timestamp, std::uint64_t> at{
      static_cast<timestamp>(random() % 500), random()};
    if (model.empty() || random() % 5 < 3) {
      model[at] = heap.push(at.first, at.second);
    } else if (random() % 2 == 0) {
      auto found = model.lower_bound(at);
      if (found == model.end())
        found = model.begin();
      heap.erase(found->second);
      model.erase(found);
    } else {
      REQUIRE(heap.front().time == model.begin()->first.first);
      REQUIRE(heap.front().order == model.begin()->first.second);
      heap.erase(heap.front().id);
      model.erase(model.begin());
    }
    REQUIRE(heap.size() == model.size());
  }
  CHECK(heap.bytes() < 50'000 * 60);
}
