// A function that can fail returns its error as a value; ignoring it is
// refused.
#include "libflow/core/error.hpp"

namespace {

flow::expected<int> read() {
  return 1;
}

} // namespace

int main() {
#ifdef FLOW_COMPILE_FAIL
  read();
#endif
  return read().has_value() ? 0 : 1;
}
