// -0 and 0 are equal but have different bits: floating-point keys are refused,
// also inside others.
#include <utility>

#include "libflow/core/hash.hpp"

int main() {
#ifdef FLOW_COMPILE_FAIL
  const std::pair<int, double> key{1, 0.5};
#else
  const std::pair<int, flow::float_key> key{1, 0.5};
#endif
  return flow::key_hash(key) == 0 ? 1 : 0;
}
