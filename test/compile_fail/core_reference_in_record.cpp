// expect: a record is default-constructible and made of numbers
#include "libflow/core/codec.hpp"

struct record {
  int& counter;
};

void encode(const record& r, flow::byte_writer& out) {
  flow::codec<record>::encode(r, out);
}
