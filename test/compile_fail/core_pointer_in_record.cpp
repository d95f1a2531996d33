// A record outlives what a pointer in it refers to: refused.
#include "libflow/core/codec.hpp"

namespace {

struct record {
  int id = 0;
#ifdef FLOW_COMPILE_FAIL
  const char* name = nullptr;
#endif
};

void encode(const record& value, flow::byte_writer& out) {
  flow::codec<record>::encode(value, out);
}

} // namespace

int main() {
  std::vector<std::byte> bytes;
  flow::byte_writer out{bytes};
  encode(record{}, out);
}
