// A record with a reference cannot be made before it is read: refused.
#include "libflow/core/codec.hpp"

namespace {

struct record {
#ifdef FLOW_COMPILE_FAIL
  int& counter;
#else
  int counter = 0;
#endif
};

void encode(const record& value, flow::byte_writer& out) {
  flow::codec<record>::encode(value, out);
}

} // namespace

int main() {
  std::vector<std::byte> bytes;
  flow::byte_writer out{bytes};
#ifdef FLOW_COMPILE_FAIL
  int counter = 0;
  encode(record{counter}, out);
#else
  encode(record{}, out);
#endif
}
