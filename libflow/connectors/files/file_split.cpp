#include "libflow/connectors/files/file_split.hpp"

#include "libflow/core/bytes.hpp"

namespace flow {

void encode_split_progress(const split_progress& progress,
                           std::vector<std::byte>& to) {
  byte_writer out{to};
  out.write_int(progress.split.begin);
  out.write_int(progress.split.end);
  out.write_int(progress.offset);
  out.write_bool(progress.started);
}

expected<split_progress>
decode_split_progress(std::span<const std::byte> bytes) {
  byte_reader in{bytes};
  split_progress result;
  if (!in.read_int(result.split.begin) || !in.read_int(result.split.end)
      || !in.read_int(result.offset) || !in.read_bool(result.started)
      || !in.finished() || result.split.begin > result.split.end
      || result.offset < result.split.begin)
    return error{error_code::corrupt_data, "the position in a file is damaged",
                 error_severity::fatal};
  return result;
}

} // namespace flow
