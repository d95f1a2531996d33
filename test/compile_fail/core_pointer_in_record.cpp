// expect: a record holds no raw pointer, reference, std::string_view
#include "libflow/core/codec.hpp"

struct record {
  int id = 0;
  const char* name = nullptr;
};

void encode(const record& r, flow::byte_writer& out) {
  flow::codec<record>::encode(r, out);
}
