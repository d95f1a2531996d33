#include "apps/nexmark/generated_events.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace nexmark {
namespace {

/// A reader with the surroundings that it needs.
struct driven_reader {
  driven_reader(const generated_events& source, std::uint32_t subtask,
                std::uint32_t parallelism)
    : context({"job", "events", subtask, parallelism, 128, 1}, sides, [] {}),
      reader(source.make_reader()) {
    REQUIRE(reader->open(context));
  }

  /// Positions of at most `room` events.
  bool poll(std::size_t room, std::vector<std::uint64_t>& to) {
    auto batch = flow::record_batch<event>::make();
    const auto polled = reader->poll(*batch, room);
    REQUIRE(polled);
    REQUIRE(batch->size() <= room);
    const auto values = std::as_const(*batch).values();
    for (std::size_t i = 0; i < values.size(); ++i) {
      CHECK(batch->timestamps()[i] == time_of(values[i]));
      std::visit([&](const auto& kind) { to.push_back(kind.position); },
                 values[i]);
    }
    return polled->status == flow::poll_status::more;
  }

  flow::side_outputs sides;
  flow::source_context context;
  std::unique_ptr<flow::source_reader<event>> reader;
};

std::vector<std::uint64_t> all_up_to(std::uint64_t count) {
  std::vector<std::uint64_t> result(count);
  for (std::uint64_t i = 0; i < count; ++i)
    result[i] = i;
  return result;
}

TEST_CASE("readers share all events, each in order") {
  for (const std::uint64_t count : {0, 1, 1024, 5000, 300'000})
    for (const std::uint32_t parallelism : {1U, 2U, 3U, 200U}) {
      CAPTURE(count);
      CAPTURE(parallelism);
      const generated_events source{{.strings = false}, count};
      std::vector<std::uint64_t> all;
      for (std::uint32_t i = 0; i < parallelism; ++i) {
        driven_reader one{source, i, parallelism};
        std::vector<std::uint64_t> own;
        while (one.poll(1000, own)) {
        }
        CHECK(std::is_sorted(own.begin(), own.end()));
        all.insert(all.end(), own.begin(), own.end());
      }
      std::sort(all.begin(), all.end());
      CHECK(all == all_up_to(count));
    }
}

TEST_CASE("positions survive a change of parallelism") {
  constexpr std::uint64_t count = 200'000;
  const generated_events source{{.strings = false}, count};
  std::vector<std::uint64_t> all;
  std::vector<flow::byte_string> positions;
  for (std::uint32_t i = 0; i < 3; ++i) {
    driven_reader one{source, i, 3};
    for (std::size_t polls = 0; polls < 40 + 100 * i; ++polls)
      one.poll(77, all);
    const auto taken = one.reader->snapshot();
    positions.insert(positions.end(), taken.begin(), taken.end());
  }
  for (std::size_t i = 0; i < 2; ++i) {
    driven_reader one{source, 0, 2};
    std::vector<flow::byte_string> own;
    for (std::size_t entry = i; entry < positions.size(); entry += 2)
      own.push_back(positions[entry]);
    REQUIRE(one.reader->restore(own));
    while (one.poll(500, all)) {
    }
  }
  std::sort(all.begin(), all.end());
  CHECK(all == all_up_to(count));
}

TEST_CASE("prepared events are the same") {
  const generator_config config{.seed = 5, .out_of_order_group = 7};
  constexpr std::uint64_t count = 3333;
  const generated_events made{config, count};
  const generated_events copied{config, count, prepare_events(config, count)};
  driven_reader first{made, 0, 1};
  driven_reader second{copied, 0, 1};
  const auto bytes_of = [](driven_reader& from) {
    flow::byte_string bytes;
    flow::byte_writer out{bytes};
    for (bool more = true; more;) {
      auto batch = flow::record_batch<event>::make();
      const auto polled = from.reader->poll(*batch, 100);
      REQUIRE(polled);
      more = polled->status == flow::poll_status::more;
      for (const event& each : std::as_const(*batch).values())
        flow::codec<event>::encode(each, out);
    }
    const auto written = out.written();
    return std::string{reinterpret_cast<const char*>(written.data()),
                       written.size()};
  };
  CHECK(bytes_of(first) == bytes_of(second));
}

TEST_CASE("a damaged position is refused") {
  const generated_events source{{}, 10};
  driven_reader one{source, 0, 1};
  CHECK(
    !one.reader->restore(std::vector<flow::byte_string>{flow::byte_string(3)}));
}

} // namespace
} // namespace nexmark
