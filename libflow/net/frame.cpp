#include "libflow/net/frame.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "libflow/core/bytes.hpp"
#include "libflow/core/crc32c.hpp"

namespace flow::net {

namespace {

constexpr std::array<std::byte, 4> magic{std::byte{'F'}, std::byte{'L'},
                                         std::byte{'F'}, std::byte{'1'}};
constexpr std::size_t header_sum_at = frame_header_bytes - 4;

/// What is reserved for a payload before its bytes come.
constexpr std::size_t first_reserve = 64 * 1024;

bool known(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(frame_kind::handshake)
         && kind <= static_cast<std::uint8_t>(frame_kind::heartbeat);
}

std::string too_long(std::size_t size) {
  return "a payload of " + std::to_string(size) + " bytes; at most "
         + std::to_string(max_frame_payload) + " fit into a frame";
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

expected<void> encode_frame(const frame_header& header,
                            std::span<const std::byte> payload,
                            std::vector<std::byte>& out) {
  if (payload.size() > max_frame_payload)
    return error{error_code::invalid_argument, too_long(payload.size()),
                 error_severity::fatal};
  byte_writer writer(out);
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
  writer.write_raw(payload);
  return {};
}

std::size_t frame_reader::feed(std::span<const std::byte> bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !complete_ && !error_) {
    const auto rest = bytes.subspan(taken);
    taken += head_size_ < head_.size() ? feed_header(rest) : feed_payload(rest);
  }
  return error_ ? bytes.size() : taken;
}

std::size_t frame_reader::feed_header(std::span<const std::byte> bytes) {
  const auto count = std::min(bytes.size(), head_.size() - head_size_);
  std::memcpy(head_.data() + head_size_, bytes.data(), count);
  head_size_ += count;
  // At once: another program may wait for an answer before it sends more.
  const auto seen =
    static_cast<std::ptrdiff_t>(std::min(head_size_, magic.size()));
  if (!std::equal(magic.begin(), magic.begin() + seen, head_.begin()))
    fail("no frame begins here: damage, another program or another version");
  else if (head_size_ == head_.size())
    read_header();
  return count;
}

void frame_reader::read_header() {
  const auto raw = parse(head_);
  if (raw.header_sum != crc32c(std::span(head_).first(header_sum_at)))
    return fail("the checksum of the header does not match");
  if (!known(raw.kind))
    return fail("unknown kind " + std::to_string(raw.kind));
  if (raw.reserved != 0)
    return fail("reserved bytes are not zero");
  if (raw.payload_size > max_frame_payload)
    return fail(too_long(raw.payload_size));
  header_ = {static_cast<frame_kind>(raw.kind), raw.flags,
             job_id{raw.job_high, raw.job_low}, attempt_number{raw.attempt},
             channel_index{raw.channel},        raw.sequence};
  payload_size_ = raw.payload_size;
  payload_sum_ = raw.payload_sum;
  payload_.reserve(std::min(payload_size_, first_reserve));
  if (payload_size_ == 0)
    check_payload();
}

std::size_t frame_reader::feed_payload(std::span<const std::byte> bytes) {
  const auto count = std::min(bytes.size(), payload_size_ - payload_.size());
  const auto part = bytes.first(count);
  payload_.insert(payload_.end(), part.begin(), part.end());
  if (payload_.size() == payload_size_)
    check_payload();
  return count;
}

void frame_reader::check_payload() {
  if (payload_sum_ != crc32c(payload_))
    return fail("the checksum of the payload does not match");
  complete_ = true;
}

expected<std::optional<frame>> frame_reader::next() {
  if (error_)
    return *error_;
  if (!complete_)
    return std::optional<frame>{};
  frame_start_ += frame_header_bytes + payload_size_;
  complete_ = false;
  head_size_ = 0;
  return std::optional{frame{header_, std::exchange(payload_, {})}};
}

expected<void> frame_reader::finish() {
  FLOW_ASSERT(!complete_, "frames are taken before the end is looked at");
  if (!error_ && head_size_ != 0)
    fail("the connection ended inside it, after "
         + std::to_string(head_size_ + payload_.size()) + " bytes");
  if (error_)
    return *error_;
  return {};
}

void frame_reader::fail(const std::string& what) {
  error_ = error{error_code::corrupt_data, "frame at byte "
                                             + std::to_string(frame_start_)
                                             + " of the link: " + what};
  payload_ = {};
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
