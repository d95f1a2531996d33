#include "libflow/job/worker_process.hpp"

#include <cstdlib>

namespace flow {

bool in_worker_process() noexcept {
  return std::getenv(worker_variable) != nullptr;
}

} // namespace flow
