#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "libflow/core/bytes.hpp"
#include "libflow/core/error.hpp"
#include "libflow/core/key_group.hpp"

namespace flow {

/// Bytes of keyed and operator state; libflow/state/FORMAT.md describes them.
namespace state_format {

inline constexpr std::uint32_t keyed_magic = 0x534b4c46;    // "FLKS"
inline constexpr std::uint32_t operator_magic = 0x534f4c46; // "FLOS"
inline constexpr std::uint16_t version = 1;

/// Entries are cut into blocks of about this size.
inline constexpr std::size_t target_block_bytes = std::size_t{64} << 10;

enum class block_kind : std::uint8_t {
  header = 1,
  state = 2,
  entries = 3,
  end = 4,
};

enum class state_kind : std::uint8_t {
  value = 1,
  list = 2,
  union_list = 3,
  broadcast = 4,
  map = 5,
  reducing = 6,
  aggregating = 7,
  event_timers = 8,
  processing_timers = 9,
};

} // namespace state_format

namespace detail {

/// Frames one block: room for length and checksum now, their values at seal().
/// Owner: a local variable.
class block_writer {
public:
  block_writer(byte_writer& out, state_format::block_kind kind);

  [[nodiscard]] std::size_t body_bytes() const noexcept;
  /// Offset of the body in `out`, for patch_u32.
  [[nodiscard]] std::size_t body_offset() const noexcept { return body_; }
  void seal();

private:
  byte_writer& out_;
  std::size_t start_;
  std::size_t body_;
};

/// One block of bytes that nobody vouches for.
struct state_block {
  state_format::block_kind kind = state_format::block_kind::end;
  std::size_t offset = 0; ///< of the block, for messages
  std::span<const std::byte> body;
};

/// Takes blocks apart, checking length and checksum of each.
/// Owner: a local variable; the bytes outlive the blocks.
class block_reader {
public:
  /// @param what  names the bytes in messages
  block_reader(std::span<const std::byte> bytes, std::string what)
    : bytes_(bytes), what_(std::move(what)) {}

  [[nodiscard]] bool at_end() const noexcept {
    return offset_ == bytes_.size();
  }
  [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
  expected<state_block> next();

  /// An error at the block that next() gave last.
  [[nodiscard]] error corrupt(const std::string& why) const;

private:
  std::span<const std::byte> bytes_;
  std::string what_;
  std::size_t offset_ = 0;
  std::size_t last_ = 0;
};

struct keyed_header {
  std::uint16_t version = state_format::version;
  std::string hash_id;
  std::uint32_t max_parallelism = 0;
  key_group_range groups;
  std::string key_schema;
  std::uint32_t states = 0;

  friend bool operator==(const keyed_header&, const keyed_header&) = default;
};

struct state_header {
  state_format::state_kind kind = state_format::state_kind::value;
  std::string name;
  std::string schema;
  /// Of the namespace that stands between key and value; empty: none. Keyed
  /// state only.
  std::string namespace_schema{};
};

struct entries_header {
  std::uint32_t group = 0;
  std::uint32_t count = 0;
};

void write_block(byte_writer& out, const keyed_header& header);
void write_block(byte_writer& out, const state_header& header);
void write_end_block(byte_writer& out, std::uint64_t entries);

/// Of a header with another version only the version is read.
[[nodiscard]] bool read_body(byte_reader& in, keyed_header& header);
[[nodiscard]] bool read_body(byte_reader& in, state_header& header);

} // namespace detail

} // namespace flow
