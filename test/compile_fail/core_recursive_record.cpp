// A record that contains itself is refused: hostile bytes could nest it
// without end.
#include <vector>

#include "libflow/core/codec.hpp"

namespace {

struct record {
  int id = 0;
#ifdef FLOW_COMPILE_FAIL
  std::vector<record> children;
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
