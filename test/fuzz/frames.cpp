// The bytes of one connection: frames cut at any place, handshakes in them.
// The first byte says how long the pieces are that arrive; it is odd when the
// peer has not said yet who it is.

#include <algorithm>

#include "libflow/net/frame.hpp"
#include "libflow/net/handshake.hpp"
#include "test/fuzz/reseal.hpp"

namespace flow::fuzz {

namespace {

constexpr std::size_t header = net::frame_header_bytes;

bytes payload(std::size_t size) {
  return bytes(size, std::byte{42});
}

void check_frame(const net::frame_view& read, std::size_t max_payload) {
  require(read.payload.size() <= max_payload, "too long a payload");
  bytes written;
  require(net::encode_frame(read.header, read.payload, written).has_value(),
          "a frame that came cannot be sent");
  const auto shaken = net::decode_handshake(read);
  if (!shaken || shaken->version != net::protocol_version)
    return;
  bytes again;
  require(net::encode_handshake(*shaken, again).has_value(),
          "a handshake that came cannot be sent");
  net::handshake own;
  own.node = "node";
  own.worker = "0";
  (void)net::check_handshake(own, *shaken);
  (void)net::knows_token("secret", *shaken);
}

/// @return false at an error
bool take_frames(net::frame_reader& reader, std::size_t max_payload) {
  for (;;) {
    const auto got = reader.next();
    if (!got)
      return false;
    if (!*got)
      return true;
    check_frame(**got, max_payload);
  }
}

} // namespace

std::vector<bytes> seeds() {
  bytes one{std::byte{16}};
  net::handshake shake;
  shake.build = "build";
  shake.node = "node";
  shake.worker = "1";
  shake.token = "secret";
  (void)net::encode_handshake(shake, one);
  net::frame_header data;
  data.kind = net::frame_kind::data;
  data.channel = channel_index{3};
  (void)net::encode_frame(data, payload(100), one);
  data.sequence = 1;
  (void)net::encode_frame(data, payload(1), one);
  bytes two{std::byte{0}};
  (void)net::encode_frame({}, {}, two);
  data.kind = net::frame_kind::credit;
  (void)net::encode_frame(data, payload(8), two);
  return {one, two};
}

/// Frame after frame behind the first byte.
void reseal(bytes& input) {
  std::size_t first = 1;
  while (input.size() >= first + header) {
    const auto room = input.size() - first - header;
    auto length = std::size_t{u32_at(input, first + 8)};
    if (length > room && length <= net::max_frame_payload) {
      length = room;
      put_u32(input, first + 8, static_cast<std::uint32_t>(length));
    }
    const std::span all{input};
    if (length <= room)
      put_u32(input, first + 44,
              length == 0 ? 0 : crc32c(all.subspan(first + header, length)));
    put_u32(input, first + 48, crc32c(all.subspan(first, 48)));
    if (length > room)
      return;
    first += header + length;
  }
}

void run(std::span<const std::byte> input) {
  if (input.empty())
    return;
  const auto first = std::to_integer<unsigned>(input[0]);
  const auto piece = std::size_t{1} + first;
  const auto max_payload =
    first % 2 == 0 ? net::max_frame_payload : net::max_handshake_payload;
  auto rest = input.subspan(1);
  net::frame_reader reader{max_payload};
  bool good = true;
  while (!rest.empty() && good) {
    const auto room = reader.room();
    require(!room.empty(), "no room for more bytes");
    const auto count = std::min({piece, rest.size(), room.size()});
    std::copy_n(rest.begin(), count, room.begin());
    reader.filled(count);
    rest = rest.subspan(count);
    good = take_frames(reader, max_payload);
    require(reader.memory_bytes() <= sizeof reader + 2 * input.size()
                                       + 2 * net::frame_reader::first_room,
            "memory grows faster than the bytes that came");
  }
  if (good)
    (void)reader.finish();
}

} // namespace flow::fuzz
