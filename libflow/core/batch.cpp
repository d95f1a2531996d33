#include "libflow/core/batch.hpp"

namespace flow {

void batch::retire() noexcept {
  dispose();
}

} // namespace flow
