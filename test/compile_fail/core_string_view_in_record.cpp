// A view is refused however deep in a record it lies.
#include <optional>
#include <string_view>
#include <vector>

#include "libflow/core/codec.hpp"

namespace {

struct inner {
  int id = 0;
#ifdef FLOW_COMPILE_FAIL
  std::optional<std::string_view> name;
#endif
};

struct record {
  std::vector<inner> list;
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
