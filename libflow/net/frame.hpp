#pragma once

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

/// A frame where it was received. Valid as long as its reader says.
struct frame_view {
  frame_header header;
  std::span<const std::byte> payload;
};

/// Appends one frame to `out`. Fails with invalid_argument, `out` unchanged,
/// if the payload is longer than max_frame_payload: a record of a user's can
/// be. Cost: one copy and one checksum of the payload.
/// @thread any
expected<void> encode_frame(const frame_header& header,
                            std::span<const std::byte> payload,
                            std::vector<std::byte>& out);

/// The same without a copy: `frame` holds room for the header
/// (frame_header_bytes, of any value), then the payload; the header is written
/// into its room.
/// Errors as above. @thread any
expected<void> seal_frame(const frame_header& header,
                          std::span<std::byte> frame);

/// Makes frames of the bytes of one connection, from whom nobody vouches.
/// Owner: the connection. Frames are read where they were received, without a
/// copy. Memory grows with the bytes that came, not with the length that a
/// header claims: first_room, or twice what came of one frame.
/// An error (corrupt_data; the text says what and at which byte of the
/// stream) is final: what follows it cannot be told apart.
///
///   reader.filled(read(socket, reader.room()));
///   while (auto got = reader.next()) // else an error
///     if (*got) use(**got); else break;
///
/// @thread one at a time
class frame_reader {
public:
  /// Bytes taken at the first room(): several frames of a batch each, so that
  /// few are moved for having come in part.
  static constexpr std::size_t first_room = std::size_t{256} * 1024;

  /// @param max_payload longest payload believed; less than max_frame_payload
  /// for a peer that has not said who it is
  explicit frame_reader(std::size_t max_payload = max_frame_payload)
    : max_payload_(max_payload) {}

  /// Where the next bytes of the stream go; never empty. Ends the views that
  /// next() gave.
  /// @pre next() returned nothing or an error since the last filled()
  [[nodiscard]] std::span<std::byte> room();

  /// So many bytes of room() were written.
  void filled(std::size_t count);

  /// The next frame that is complete, if one is, or the error. Frames before an
  /// error are handed out before it. The view is valid until room().
  expected<std::optional<frame_view>> next();

  /// From now on a longer payload is believed.
  void trust(std::size_t max_payload) noexcept { max_payload_ = max_payload; }

  /// To be asked when the connection has ended: an error, now also of
  /// next(), if that was inside a frame.
  /// @pre next() returned nothing or an error
  expected<void> finish();

  /// Bytes of memory held.
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return sizeof *this + buffer_.capacity();
  }

private:
  struct known_header {
    frame_header header;
    std::size_t payload_size = 0;
    std::uint32_t payload_sum = 0;
  };

  [[nodiscard]] std::span<const std::byte> waiting() const noexcept {
    return std::span{buffer_}.subspan(begin_, end_ - begin_);
  }
  bool read_header();
  error fail(const std::string& what);

  std::size_t max_payload_;
  std::vector<std::byte> buffer_; // all of it room; bytes in [begin_, end_)
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::optional<known_header> head_; // of the frame at begin_
  std::uint64_t frame_start_ = 0;    // byte of the stream
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
