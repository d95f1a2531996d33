// expect: not containing itself
#include <vector>

#include "libflow/core/codec.hpp"

struct record {
  std::vector<record> children;
};

void encode(const record& r, flow::byte_writer& out) {
  flow::codec<record>::encode(r, out);
}
