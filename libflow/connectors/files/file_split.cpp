#include "libflow/connectors/files/file_split.hpp"

namespace flow {

namespace {

void put(std::uint64_t number, std::string& to) {
  for (int shift = 0; shift < 64; shift += 8)
    to.push_back(static_cast<char>((number >> shift) & 0xff));
}

std::uint64_t take(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (int i = 7; i >= 0; --i)
    number = number << 8
             | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  bytes.remove_prefix(8);
  return number;
}

} // namespace

void encode_split_progress(const split_progress& progress, std::string& to) {
  put(progress.split.begin, to);
  put(progress.split.end, to);
  put(progress.offset, to);
  put(progress.lines, to);
  to.push_back(progress.started ? 1 : 0);
}

expected<split_progress> decode_split_progress(std::string_view& bytes) {
  error damaged{error_code::corrupt_data, "a split's position is damaged",
                error_severity::fatal};
  if (bytes.size() < split_progress_bytes)
    return damaged;
  split_progress result;
  result.split.begin = take(bytes);
  result.split.end = take(bytes);
  result.offset = take(bytes);
  result.lines = take(bytes);
  auto started = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  if (started > 1 || result.split.begin > result.split.end
      || result.offset < result.split.begin)
    return damaged;
  result.started = started == 1;
  return result;
}

} // namespace flow
