#include "libflow/connectors/files/line_numbers.hpp"

#include <algorithm>
#include <memory>

namespace flow {

expected<std::uint64_t> line_numbers::at(readable_file& file,
                                         std::uint64_t offset) {
  constexpr std::size_t block_bytes = std::size_t{256} << 10;
  if (offset < offset_) {
    offset_ = 0;
    number_ = 1;
  }
  auto block = std::make_unique_for_overwrite<char[]>(block_bytes);
  while (offset_ < offset) {
    auto wanted = static_cast<std::size_t>(
      std::min<std::uint64_t>(block_bytes, offset - offset_));
    auto got = file.read_at(offset_, block.get(), wanted);
    if (!got)
      return got.error();
    if (*got == 0)
      break; // a file that shrank: the reader itself says so
    number_ += static_cast<std::uint64_t>(
      std::count(block.get(), block.get() + *got, '\n'));
    offset_ += *got;
  }
  return number_;
}

} // namespace flow
