#include "actors/support/runtime_config.hpp"

#include <algorithm>
#include <thread>

#include <caf/atom.hpp>

namespace flow {

runtime_config::runtime_config() {
  const std::size_t cores =
    std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", cores);
  set("scheduler.max-throughput", std::size_t{64});
}

} // namespace flow
