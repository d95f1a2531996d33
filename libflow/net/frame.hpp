#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/core/ids.hpp"

/// Frames: what processes exchange on a link. FORMAT.md has the bytes.
namespace flow::net {

/// Bytes of a frame before its payload.
inline constexpr std::size_t frame_header_bytes = 52;

/// Longest payload. A batch is some 32 KiB; this leaves room for one large
/// record and bounds what a peer can make a process hold per connection.
inline constexpr std::size_t max_frame_payload = 16 * 1024 * 1024;

/// Numbers are on the wire: never change one.
enum class frame_kind : std::uint8_t {
  handshake = 1, ///< first frame of each side
  data = 2,      ///< elements of one channel
  credit = 3,    ///< the receiver lets the sender send more
  control = 4,   ///< a message between actors
  heartbeat = 5, ///< nothing but a sign of life
};

/// What a frame says of itself. A value. Fields that a kind does not need are
/// zero.
struct frame_header {
  frame_kind kind = frame_kind::heartbeat;
  std::uint8_t flags = 0; ///< their meaning belongs to the kind
  job_id job;
  attempt_number attempt;
  channel_index channel;
  std::uint64_t sequence = 0; ///< of this channel and kind, from 0

  friend bool operator==(const frame_header&, const frame_header&) = default;
};

struct frame {
  frame_header header;
  std::vector<std::byte> payload;

  friend bool operator==(const frame&, const frame&) = default;
};

/// Appends one frame to `out`. Fails with invalid_argument, `out` unchanged,
/// if the payload is longer than max_frame_payload: a record of a user's can
/// be. Cost: one copy and one checksum of the payload.
/// @thread any
expected<void> encode_frame(const frame_header& header,
                            std::span<const std::byte> payload,
                            std::vector<std::byte>& out);

/// Makes frames of the bytes of one connection, from whom nobody vouches.
/// Owner: the connection. Holds one frame at most: its memory stays under
/// frame_header_bytes + 2 * max_frame_payload, and grows with the bytes that
/// came, not with the length that a header claims.
/// An error (corrupt_data; the text says what and at which byte of the
/// stream) is final: what follows it cannot be told apart.
///
///   while (!bytes.empty()) {
///     bytes = bytes.subspan(reader.feed(bytes));
///     auto got = reader.next();  // an error, a frame, or nothing yet
///   }
///
/// @thread one at a time
class frame_reader {
public:
  /// Takes bytes up to the end of a frame; returns how many. Takes none while
  /// a frame waits for next(), and drops all after an error.
  [[nodiscard]] std::size_t feed(std::span<const std::byte> bytes);

  /// The frame that is complete, if one is, or the error. Frames before an
  /// error are handed out before it.
  expected<std::optional<frame>> next();

  /// To be asked when the connection has ended: an error, now also of
  /// next(), if that was inside a frame.
  /// @pre next() returned nothing or an error
  expected<void> finish();

  /// Bytes of memory held.
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return sizeof *this + payload_.capacity();
  }

private:
  std::size_t feed_header(std::span<const std::byte> bytes);
  std::size_t feed_payload(std::span<const std::byte> bytes);
  void read_header();
  void check_payload();
  void fail(const std::string& what);

  std::array<std::byte, frame_header_bytes> head_{};
  std::size_t head_size_ = 0;
  frame_header header_;
  std::size_t payload_size_ = 0; // as the header says, once that is checked
  std::uint32_t payload_sum_ = 0;
  std::vector<std::byte> payload_;
  bool complete_ = false;
  std::uint64_t frame_start_ = 0; // byte of the stream
  std::optional<error> error_;
};

/// Sees to it that the frames of one channel (of one job, attempt and kind)
/// arrive once each and in order. The first that does not is corrupt_data,
/// and so is every one after it: the attempt is over.
/// Owner: who receives the channel. Cost: a comparison a frame.
/// @thread one at a time
class frame_sequence {
public:
  expected<void> accept(const frame_header& header);

  /// The number that the next frame must carry.
  [[nodiscard]] std::uint64_t expected_next() const noexcept { return next_; }

private:
  std::uint64_t next_ = 0;
  std::optional<error> error_;
};

} // namespace flow::net
