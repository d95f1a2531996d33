#include "libflow/state/state_format.hpp"

#include <array>
#include <cstring>
#include <limits>
#include <string_view>

#include "libflow/core/crc32c.hpp"

namespace flow::detail {

using state_format::block_kind;

namespace {

// u32 length of the body, u32 checksum, u8 kind; the checksum covers kind,
// length and body.
constexpr std::size_t frame_bytes = 9;

std::uint32_t checksum(block_kind kind, std::uint32_t length,
                       std::span<const std::byte> body) noexcept {
  std::array<std::byte, 5> head{static_cast<std::byte>(kind)};
  std::memcpy(head.data() + 1, &length, sizeof length);
  return crc32c(body, crc32c(head));
}

bool read_text(byte_reader& in, std::string& value) {
  std::string_view view;
  if (!in.read_string(view))
    return false;
  value = view;
  return true;
}

} // namespace

block_writer::block_writer(byte_writer& out, block_kind kind)
  : out_(out), start_(out.size()) {
  out.write_int(std::uint32_t{0});
  out.write_int(std::uint32_t{0});
  out.write_int(static_cast<std::uint8_t>(kind));
  body_ = out.size();
}

std::size_t block_writer::body_bytes() const noexcept {
  return out_.size() - body_;
}

void block_writer::seal() {
  FLOW_ASSERT(body_bytes() <= std::numeric_limits<std::uint32_t>::max(),
              "a block of state holds less than 4 GiB");
  const auto length = static_cast<std::uint32_t>(body_bytes());
  const auto kind = static_cast<block_kind>(out_.written()[body_ - 1]);
  out_.patch_u32(start_, length);
  out_.patch_u32(start_ + 4,
                 checksum(kind, length, out_.written().subspan(body_)));
}

expected<state_block> block_reader::next() {
  last_ = offset_;
  byte_reader in{bytes_.subspan(offset_)};
  std::uint32_t length = 0;
  std::uint32_t sum = 0;
  std::uint8_t kind = 0;
  state_block block;
  block.offset = offset_;
  if (!in.read_int(length) || !in.read_int(sum) || !in.read_int(kind)
      || !in.read_raw(length, block.body))
    return corrupt("the bytes end within a block");
  block.kind = static_cast<block_kind>(kind);
  if (checksum(block.kind, length, block.body) != sum)
    return corrupt("the checksum of the block does not match");
  if (kind < static_cast<std::uint8_t>(block_kind::header)
      || kind > static_cast<std::uint8_t>(block_kind::end))
    return corrupt("unknown kind of block " + std::to_string(kind));
  offset_ += frame_bytes + length;
  return block;
}

error block_reader::corrupt(const std::string& why) const {
  return {error_code::corrupt_data,
          what_ + ", offset " + std::to_string(last_) + ": " + why,
          error_severity::fatal};
}

void write_block(byte_writer& out, const keyed_header& header) {
  block_writer block{out, block_kind::header};
  out.write_int(state_format::keyed_magic);
  out.write_int(state_format::version);
  out.write_string(header.hash_id);
  out.write_int(header.max_parallelism);
  out.write_int(header.groups.first);
  out.write_int(header.groups.last);
  out.write_string(header.key_schema);
  out.write_int(header.states);
  block.seal();
}

void write_block(byte_writer& out, const state_header& header) {
  block_writer block{out, block_kind::state};
  out.write_int(static_cast<std::uint8_t>(header.kind));
  out.write_string(header.name);
  out.write_string(header.schema);
  out.write_string(header.namespace_schema);
  block.seal();
}

void write_end_block(byte_writer& out, std::uint64_t entries) {
  block_writer block{out, block_kind::end};
  out.write_int(entries);
  block.seal();
}

bool read_body(byte_reader& in, keyed_header& header) {
  std::uint32_t magic = 0;
  if (!in.read_int(magic) || magic != state_format::keyed_magic
      || !in.read_int(header.version))
    return false;
  if (header.version != state_format::version)
    return true;
  return read_text(in, header.hash_id) && in.read_int(header.max_parallelism)
         && in.read_int(header.groups.first) && in.read_int(header.groups.last)
         && read_text(in, header.key_schema) && in.read_int(header.states);
}

bool read_body(byte_reader& in, state_header& header) {
  std::uint8_t kind = 0;
  if (!in.read_int(kind) || !read_text(in, header.name)
      || !read_text(in, header.schema)
      || !read_text(in, header.namespace_schema))
    return false;
  header.kind = static_cast<state_format::state_kind>(kind);
  return true;
}

} // namespace flow::detail
