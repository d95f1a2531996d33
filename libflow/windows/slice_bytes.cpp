#include "libflow/windows/slice_bytes.hpp"

#include <string_view>

namespace flow {

namespace {

constexpr std::uint32_t slice_magic = 0x33535746; // "FWS3"

error incompatible(std::string_view what, const std::string& here,
                   const std::string& there) {
  return {error_code::incompatible,
          "window state cannot be restored: its " + std::string{what} + " is "
            + there + " in the snapshot and " + here + " in the job",
          error_severity::fatal};
}

expected<void> check_fits(const slice_header& here, const slice_header& there) {
  if (here.max_parallelism != there.max_parallelism)
    return incompatible("max parallelism", std::to_string(here.max_parallelism),
                        std::to_string(there.max_parallelism));
  if (here.size_ms != there.size_ms)
    return incompatible("window size in ms", std::to_string(here.size_ms),
                        std::to_string(there.size_ms));
  if (here.slide_ms != there.slide_ms)
    return incompatible("window slide in ms", std::to_string(here.slide_ms),
                        std::to_string(there.slide_ms));
  if (here.offset_ms != there.offset_ms)
    return incompatible("window offset in ms", std::to_string(here.offset_ms),
                        std::to_string(there.offset_ms));
  if (here.key_schema != there.key_schema)
    return incompatible("key type", here.key_schema, there.key_schema);
  if (here.accumulator_schema != there.accumulator_schema)
    return incompatible("accumulator type", here.accumulator_schema,
                        there.accumulator_schema);
  return {};
}

} // namespace

namespace detail {

error damaged_slices() {
  return {error_code::corrupt_data,
          "window state cannot be restored: its bytes are damaged",
          error_severity::fatal};
}

void write_slice_header(const slice_header& header, timestamp watermark,
                        std::size_t slices, byte_writer& out) {
  out.write_int(slice_magic);
  out.write_string(hash_id);
  out.write_int(header.max_parallelism);
  out.write_int(header.size_ms);
  out.write_int(header.slide_ms);
  out.write_int(header.offset_ms);
  out.write_string(header.key_schema);
  out.write_string(header.accumulator_schema);
  out.write_int(watermark);
  out.write_length(slices);
}

expected<void> read_slice_header(byte_reader& in, const slice_header& expect,
                                 timestamp& watermark, std::uint32_t& slices) {
  std::uint32_t magic = 0;
  std::string_view hash;
  std::string_view key;
  std::string_view accumulator;
  slice_header found;
  if (!in.read_int(magic) || magic != slice_magic || !in.read_string(hash)
      || !in.read_int(found.max_parallelism) || !in.read_int(found.size_ms)
      || !in.read_int(found.slide_ms) || !in.read_int(found.offset_ms)
      || !in.read_string(key) || !in.read_string(accumulator)
      || !in.read_int(watermark) || !in.read_int(slices))
    return damaged_slices();
  if (hash != hash_id)
    return incompatible("key hash", std::string{hash_id}, std::string{hash});
  found.key_schema = key;
  found.accumulator_schema = accumulator;
  return check_fits(expect, found);
}

bool read_window(byte_reader& in, time_window& window) noexcept {
  time_window found;
  if (!in.read_int(found.start) || !in.read_int(found.end))
    return false;
  if (found.start >= found.end)
    return in.fail();
  window = found;
  return true;
}

bool read_group(byte_reader& in, std::uint32_t max_parallelism,
                encoded_group& group) noexcept {
  std::uint32_t size = 0;
  if (!in.read_int(group.group))
    return false;
  if (group.group == no_group)
    return true;
  if (!in.read_int(group.entries) || !in.read_int(size)
      || !in.read_raw(size, group.bytes))
    return false;
  return group.group < max_parallelism && group.entries <= size ? true
                                                                : in.fail();
}

} // namespace detail

expected<timestamp> watermark_of_slices(std::span<const std::byte> bytes,
                                        const slice_header& header) {
  byte_reader in{bytes};
  timestamp watermark = min_timestamp;
  std::uint32_t slices = 0;
  if (auto read = detail::read_slice_header(in, header, watermark, slices);
      !read)
    return read.error();
  return watermark;
}

} // namespace flow
