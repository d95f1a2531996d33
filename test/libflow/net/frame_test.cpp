#include "libflow/net/frame.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libflow/core/crc32c.hpp"
#include "test/support/frames.hpp"
#include "test/support/test_seed.hpp"

namespace frame_test {

using namespace flow;
using flow::test::feed;
using flow::test::frame;
using namespace flow::net;

namespace {

using bytes = std::vector<std::byte>;
using rng = std::mt19937_64;

std::size_t below(rng& random, std::size_t bound) {
  return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
}

bytes of_text(std::string_view text) {
  bytes result(text.size());
  std::memcpy(result.data(), text.data(), text.size());
  return result;
}

bytes encoded(const frame& what) {
  bytes result;
  REQUIRE(encode_frame(what.header, what.payload, result));
  return result;
}

/// The frame that FORMAT.md shows.
frame example() {
  return {{frame_kind::data, 0, job_id{0x0011223344556677, 0x8899aabbccddeeff},
           attempt_number{2}, channel_index{3}, 258},
          of_text("123456789")};
}

/// The hex block of FORMAT.md: bytes, two blanks, what they are.
bytes documented_example() {
  std::ifstream file("libflow/net/FORMAT.md");
  REQUIRE(file.good());
  bytes result;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      inside = line == "```hex";
      continue;
    }
    if (!inside)
      continue;
    line.resize(std::min(line.size(), line.find("  ")));
    for (std::size_t at = 0; at < line.size(); at += 3)
      result.push_back(
        static_cast<std::byte>(std::stoul(line.substr(at, 2), nullptr, 16)));
  }
  return result;
}

/// Replaces bytes of a header and makes its checksum right again.
template <class T>
void forge(bytes& whole, std::size_t at, T value) {
  std::memcpy(whole.data() + at, &value, sizeof value);
  const auto sum = crc32c(std::span(whole).first(frame_header_bytes - 4));
  std::memcpy(whole.data() + frame_header_bytes - 4, &sum, sizeof sum);
}

/// The receiving end of a link with its channels.
struct receiving_end {
  frame_reader reader;
  std::map<std::uint32_t, frame_sequence> channels;
  std::vector<frame> accepted;
  std::optional<error> failure;
  std::size_t most_memory = 0;

  void take(std::span<const std::byte> piece) {
    while (!piece.empty() && !failure) {
      piece = piece.subspan(feed(reader, piece));
      most_memory = std::max(most_memory, reader.memory_bytes());
      while (take_frame()) {
      }
    }
  }

  bool take_frame() {
    auto got = reader.next();
    if (!got) {
      failure = got.error();
      return false;
    }
    if (!got->has_value())
      return false;
    const auto& header = (*got)->header;
    const auto in_order = channels[header.channel.value()].accept(header);
    if (in_order)
      accepted.emplace_back(**got);
    else
      failure = in_order.error();
    return in_order.has_value();
  }

  void take_in_pieces(std::span<const std::byte> all, rng& random) {
    while (!all.empty()) {
      const auto longest =
        std::min(all.size(), std::size_t{1} << below(random, 18));
      const auto count = 1 + below(random, longest);
      take(all.first(count));
      all = all.subspan(count);
    }
    if (!failure)
      if (auto end = reader.finish(); !end)
        failure = end.error();
  }
};

std::vector<frame> random_frames(rng& random) {
  std::map<std::uint32_t, std::uint64_t> next;
  std::vector<frame> frames(20 + below(random, 20));
  for (auto& each : frames) {
    const auto channel = static_cast<std::uint32_t>(below(random, 4));
    each.header = {
      frame_kind::data,           static_cast<std::uint8_t>(random()),
      job_id{random(), random()}, attempt_number{1},
      channel_index{channel},     next[channel]++};
    const auto large = below(random, 40) == 0;
    each.payload.resize(below(random, large ? 200'000 : 300));
    for (auto& byte : each.payload)
      byte = static_cast<std::byte>(random());
  }
  return frames;
}

std::size_t largest_payload(const std::vector<frame>& frames) {
  std::size_t result = 0;
  for (const auto& each : frames)
    result = std::max(result, each.payload.size());
  return result;
}

std::size_t most_memory_for(const std::vector<frame>& frames) {
  return sizeof(frame_reader)
         + std::max(frame_reader::first_room,
                    2 * (frame_header_bytes + largest_payload(frames)));
}

bytes joined(const std::vector<bytes>& parts) {
  bytes all;
  for (const auto& part : parts)
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// The next frame of the channel of frame `at`; frames.size() if none is.
std::size_t successor(const std::vector<frame>& frames, std::size_t at) {
  auto next = at + 1;
  while (next < frames.size()
         && frames[next].header.channel != frames[at].header.channel)
    ++next;
  return next;
}

enum class fault { lost, doubled, reordered, flipped, cut_out, truncated };

/// The bytes of `frames` with one fault at frame `at`.
bytes with_fault(const std::vector<frame>& frames, std::size_t at, fault what,
                 rng& random) {
  std::vector<bytes> parts;
  for (const auto& each : frames)
    parts.push_back(encoded(each));
  auto& part = parts[at];
  const auto place = static_cast<std::ptrdiff_t>(below(random, part.size()));
  switch (what) {
  case fault::lost:
    part.clear();
    break;
  case fault::doubled:
    parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(at), bytes(part));
    break;
  case fault::reordered:
    std::swap(part, parts[successor(frames, at)]);
    break;
  case fault::flipped:
    part[static_cast<std::size_t>(place)] ^=
      static_cast<std::byte>(1 + below(random, 255));
    break;
  case fault::cut_out: {
    const auto count = std::min<std::ptrdiff_t>(
      1 + static_cast<std::ptrdiff_t>(below(random, 8)),
      std::ssize(part) - place);
    part.erase(part.begin() + place, part.begin() + place + count);
    break;
  }
  case fault::truncated:
    part.resize(1 + below(random, part.size() - 1));
    parts.resize(at + 1);
    break;
  }
  return joined(parts);
}

/// What was accepted of each channel is the beginning of what was sent on it.
void check_intact(const std::vector<frame>& sent,
                  const std::vector<frame>& accepted) {
  for (std::uint32_t channel = 0; channel < 4; ++channel) {
    const auto foreign = [&](const frame& each) {
      return each.header.channel.value() != channel;
    };
    auto all = sent;
    auto got = accepted;
    std::erase_if(all, foreign);
    std::erase_if(got, foreign);
    REQUIRE(got.size() <= all.size());
    CHECK(std::equal(got.begin(), got.end(), all.begin()));
  }
}

} // namespace

TEST_CASE("the frame that the format shows is the one that is written") {
  const auto whole = encoded(example());
  CHECK(whole == documented_example());
  frame_reader reader;
  REQUIRE(feed(reader, whole) == whole.size());
  const auto got = reader.next();
  REQUIRE(got);
  REQUIRE(got->has_value());
  CHECK(frame{**got} == example());
}

TEST_CASE("a frame without payload is complete with its header") {
  const frame sign{{.kind = frame_kind::heartbeat,
                    .flags = 0,
                    .job = {},
                    .attempt = {},
                    .channel = {},
                    .sequence = 0},
                   {}};
  receiving_end end;
  end.take(encoded(sign));
  CHECK(end.accepted == std::vector{sign});
}

TEST_CASE("frames that came together are handed out one by one") {
  const auto whole = joined({encoded(example()), encoded(example())});
  frame_reader reader;
  CHECK(feed(reader, whole) == whole.size());
  CHECK(reader.next()->has_value());
  CHECK(reader.next()->has_value());
  CHECK(!reader.next()->has_value());
}

TEST_CASE("a payload at the cap arrives, one beyond it is not sent") {
  const bytes longest(max_frame_payload, std::byte{7});
  auto header = example().header;
  header.sequence = 0;
  bytes out;
  REQUIRE(encode_frame(header, longest, out));
  receiving_end end;
  end.take(out);
  REQUIRE(end.accepted.size() == 1);
  CHECK(end.accepted[0].payload == longest);
  CHECK(end.most_memory <= sizeof(frame_reader) + 2 * out.size());

  const bytes longer(max_frame_payload + 1);
  bytes untouched = of_text("before");
  const auto refused = encode_frame(example().header, longer, untouched);
  REQUIRE(!refused);
  CHECK(refused.error().code == error_code::invalid_argument);
  CHECK(untouched == of_text("before"));
}

TEST_CASE("a length beyond the cap is refused before memory is taken") {
  for (const std::uint32_t length :
       {static_cast<std::uint32_t>(max_frame_payload) + 1, 0xffff'ffffU}) {
    auto whole = encoded(example());
    forge(whole, 8, length);
    frame_reader reader;
    CHECK(feed(reader, whole) == whole.size());
    const auto got = reader.next();
    REQUIRE(!got);
    CHECK(got.error().code == error_code::corrupt_data);
    CHECK(got.error().text.find(std::to_string(length)) != std::string::npos);
    CHECK(reader.memory_bytes() <= sizeof reader + frame_reader::first_room);
  }
}

TEST_CASE("a claimed length takes memory as its bytes come") {
  auto whole = encoded(example());
  forge(whole, 8, static_cast<std::uint32_t>(max_frame_payload));
  frame_reader reader;
  CHECK(feed(reader, whole) == whole.size());
  CHECK(reader.memory_bytes() <= sizeof reader + frame_reader::first_room);
  CHECK(!reader.next()->has_value());
  CHECK(!reader.finish());
}

TEST_CASE("unknown kinds and reserved bytes are refused") {
  for (const auto& [at, value] :
       std::vector<std::pair<std::size_t, std::uint8_t>>{
         {4, 0}, {4, 6}, {6, 1}, {7, 1}}) {
    auto whole = encoded(example());
    forge(whole, at, value);
    frame_reader reader;
    CHECK(feed(reader, whole) == whole.size());
    const auto got = reader.next();
    REQUIRE(!got);
    CHECK(got.error().code == error_code::corrupt_data);
  }
}

TEST_CASE("another program is noticed at its first bytes") {
  frame_reader reader;
  CHECK(feed(reader, of_text("GE")) == 2);
  CHECK(!reader.next());
}

TEST_CASE("an error names the byte of the frame and stays") {
  auto whole = joined({encoded(example()), encoded(example())});
  whole.back() ^= std::byte{1};
  const auto second = std::span(whole).subspan(whole.size() / 2);
  frame_reader reader;
  CHECK(second.size() == frame_header_bytes + 9);
  CHECK(feed(reader, whole) == whole.size());
  CHECK(frame{reader.next()->value()} == example());
  const auto first = reader.next();
  REQUIRE(!first);
  CHECK(first.error().text
        == "frame at byte 61 of the link: the checksum of the payload does "
           "not match");
  CHECK(reader.next().error() == first.error());
  CHECK(reader.finish().error() == first.error());
}

TEST_CASE("a gap and a repetition end a channel for good") {
  const auto numbered = [](std::uint64_t sequence) {
    auto header = example().header;
    header.sequence = sequence;
    return header;
  };
  frame_sequence gap;
  CHECK(gap.accept(numbered(0)));
  const auto missing = gap.accept(numbered(2));
  REQUIRE(!missing);
  CHECK(missing.error().text
        == "channel 3: frame 2 came where 1 was due: frames missing before it");
  CHECK(!gap.accept(numbered(1)));
  CHECK(gap.expected_next() == 1);

  frame_sequence repetition;
  CHECK(repetition.accept(numbered(0)));
  const auto again = repetition.accept(numbered(0));
  REQUIRE(!again);
  CHECK(again.error().code == error_code::corrupt_data);
}

TEST_CASE("frames of many channels arrive whole, however they are cut") {
  rng random(test_seed());
  for (int round = 0; round < 60; ++round) {
    const auto sent = random_frames(random);
    std::vector<bytes> parts;
    for (const auto& each : sent)
      parts.push_back(encoded(each));
    receiving_end end;
    end.take_in_pieces(joined(parts), random);
    CHECK(!end.failure);
    REQUIRE(end.accepted == sent);
    CHECK(end.most_memory <= most_memory_for(sent));
  }
}

TEST_CASE("every fault of a link is noticed, and what was before is intact") {
  rng random(test_seed());
  for (int round = 0; round < 300; ++round) {
    const auto sent = random_frames(random);
    const auto what = static_cast<fault>(round % 6);
    // The loss of a channel's last frame shows in its end alone.
    auto at = below(random, sent.size());
    while (successor(sent, at) == sent.size())
      at = below(random, sent.size());
    CAPTURE(round);
    receiving_end end;
    end.take_in_pieces(with_fault(sent, at, what, random), random);
    REQUIRE(end.failure);
    CHECK(end.failure->code == error_code::corrupt_data);
    CHECK(end.most_memory <= most_memory_for(sent));
    check_intact(sent, end.accepted);
    CHECK(end.accepted.size() >= at);
  }
}

TEST_CASE("arbitrary bytes behind a magic are refused, never believed") {
  rng random(test_seed());
  for (int round = 0; round < 500; ++round) {
    auto noise = of_text("FLF1");
    noise.resize(frame_header_bytes + below(random, 200));
    for (std::size_t i = 4; i < noise.size(); ++i)
      noise[i] = static_cast<std::byte>(random());
    receiving_end end;
    end.take_in_pieces(noise, random);
    CHECK(end.failure);
    CHECK(end.accepted.empty());
    CHECK(end.most_memory <= sizeof(frame_reader) + frame_reader::first_room);
  }
}

} // namespace frame_test
