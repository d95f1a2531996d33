// expect: a record holds no raw pointer, reference, std::string_view
#include <optional>
#include <string_view>
#include <vector>

#include "libflow/core/codec.hpp"

struct inner {
  std::optional<std::string_view> name;
};
struct record {
  std::vector<inner> list;
};

void encode(const record& r, flow::byte_writer& out) {
  flow::codec<record>::encode(r, out);
}
