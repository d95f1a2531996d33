#include "libflow/net/frame.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "libflow/core/bytes.hpp"
#include "libflow/core/crc32c.hpp"

namespace flow::net {

namespace {

constexpr std::array<std::byte, 4> magic{std::byte{'F'}, std::byte{'L'},
                                         std::byte{'F'}, std::byte{'1'}};
constexpr std::size_t header_sum_at = frame_header_bytes - 4;

bool known(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(frame_kind::handshake)
         && kind <= static_cast<std::uint8_t>(frame_kind::heartbeat);
}

std::string too_long(std::size_t size, std::size_t most = max_frame_payload) {
  return "a payload of " + std::to_string(size) + " bytes; at most "
         + std::to_string(most) + " fit into a frame";
}

/// The fields of a header as they lie in the stream, behind the magic.
struct raw_header {
  std::uint8_t kind = 0;
  std::uint8_t flags = 0;
  std::uint16_t reserved = 0;
  std::uint32_t payload_size = 0;
  std::uint32_t attempt = 0;
  std::uint64_t job_high = 0;
  std::uint64_t job_low = 0;
  std::uint64_t sequence = 0;
  std::uint32_t channel = 0;
  std::uint32_t payload_sum = 0;
  std::uint32_t header_sum = 0;
};

raw_header parse(std::span<const std::byte, frame_header_bytes> bytes) {
  raw_header raw;
  byte_reader reader(bytes.subspan(magic.size()));
  const bool read =
    reader.read_int(raw.kind) && reader.read_int(raw.flags)
    && reader.read_int(raw.reserved) && reader.read_int(raw.payload_size)
    && reader.read_int(raw.attempt) && reader.read_int(raw.job_high)
    && reader.read_int(raw.job_low) && reader.read_int(raw.sequence)
    && reader.read_int(raw.channel) && reader.read_int(raw.payload_sum)
    && reader.read_int(raw.header_sum);
  FLOW_ASSERT(read && reader.finished(), "the fields make up the header");
  return raw;
}

} // namespace

expected<void> seal_frame(const frame_header& header,
                          std::span<std::byte> frame) {
  FLOW_ASSERT(frame.size() >= frame_header_bytes, "no room for the header");
  const auto payload = frame.subspan(frame_header_bytes);
  if (payload.size() > max_frame_payload)
    return error{error_code::invalid_argument, too_long(payload.size()),
                 error_severity::fatal};
  std::vector<std::byte> spill;
  byte_writer writer(frame.first(frame_header_bytes), spill);
  writer.write_raw(magic);
  writer.write_int(static_cast<std::uint8_t>(header.kind));
  writer.write_int(header.flags);
  writer.write_int(std::uint16_t{0});
  writer.write_length(payload.size());
  writer.write_int(header.attempt.value());
  writer.write_int(header.job.high());
  writer.write_int(header.job.low());
  writer.write_int(header.sequence);
  writer.write_int(header.channel.value());
  writer.write_int(crc32c(payload));
  writer.write_int(crc32c(writer.written()));
  return {};
}

expected<void> encode_frame(const frame_header& header,
                            std::span<const std::byte> payload,
                            std::vector<std::byte>& out) {
  const auto start = out.size();
  out.resize(start + frame_header_bytes);
  out.insert(out.end(), payload.begin(), payload.end());
  auto sealed = seal_frame(header, std::span{out}.subspan(start));
  if (!sealed)
    out.resize(start);
  return sealed;
}

std::span<std::byte> frame_reader::room() {
  if (begin_ == end_)
    begin_ = end_ = 0;
  const std::size_t whole =
    frame_header_bytes + (head_ ? head_->payload_size : 0);
  if (begin_ + whole > buffer_.size() && begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  if (end_ == buffer_.size())
    buffer_.resize(
      std::max({first_room, end_, std::min(whole, 2 * buffer_.size())}));
  return std::span{buffer_}.subspan(end_);
}

void frame_reader::filled(std::size_t count) {
  FLOW_ASSERT(count <= buffer_.size() - end_, "more bytes than there was room");
  end_ += count;
}

expected<std::optional<frame_view>> frame_reader::next() {
  if (error_)
    return *error_;
  if (!head_ && !read_header())
    return error_ ? expected<std::optional<frame_view>>{*error_}
                  : std::optional<frame_view>{};
  if (waiting().size() < frame_header_bytes + head_->payload_size)
    return std::optional<frame_view>{};
  const auto payload =
    waiting().subspan(frame_header_bytes, head_->payload_size);
  if (head_->payload_sum != crc32c(payload))
    return fail("the checksum of the payload does not match");
  const frame_view result{head_->header, payload};
  begin_ += frame_header_bytes + payload.size();
  frame_start_ += frame_header_bytes + payload.size();
  head_.reset();
  return std::optional{result};
}

/// @return false if it is not there yet, or damaged
bool frame_reader::read_header() {
  const auto bytes = waiting();
  // At once: another program may wait for an answer before it sends more.
  if (!std::equal(
        magic.begin(),
        magic.begin()
          + static_cast<std::ptrdiff_t>(std::min(bytes.size(), magic.size())),
        bytes.begin())) {
    fail("no frame begins here: damage, another program or another version");
    return false;
  }
  if (bytes.size() < frame_header_bytes)
    return false;
  const auto raw = parse(bytes.first<frame_header_bytes>());
  if (raw.header_sum != crc32c(bytes.first(header_sum_at)))
    fail("the checksum of the header does not match");
  else if (!known(raw.kind))
    fail("unknown kind " + std::to_string(raw.kind));
  else if (raw.reserved != 0)
    fail("reserved bytes are not zero");
  else if (raw.payload_size > max_payload_)
    fail(too_long(raw.payload_size, max_payload_));
  else
    head_ = {{static_cast<frame_kind>(raw.kind), raw.flags,
              job_id{raw.job_high, raw.job_low}, attempt_number{raw.attempt},
              channel_index{raw.channel}, raw.sequence},
             raw.payload_size,
             raw.payload_sum};
  return head_.has_value();
}

expected<void> frame_reader::finish() {
  if (!error_ && begin_ != end_)
    fail("the connection ended inside it, after "
         + std::to_string(end_ - begin_) + " bytes");
  if (error_)
    return *error_;
  return {};
}

error frame_reader::fail(const std::string& what) {
  error_ = error{error_code::corrupt_data, "frame at byte "
                                             + std::to_string(frame_start_)
                                             + " of the link: " + what};
  return *error_;
}

expected<void> frame_sequence::accept(const frame_header& header) {
  if (error_)
    return *error_;
  if (header.sequence == next_) {
    ++next_;
    return {};
  }
  const auto* what = header.sequence < next_ ? "repeated" : "missing before it";
  error_ =
    error{error_code::corrupt_data,
          "channel " + std::to_string(header.channel.value()) + ": frame "
            + std::to_string(header.sequence) + " came where "
            + std::to_string(next_) + " was due: frames " + what};
  return *error_;
}

} // namespace flow::net
