#include "libflow/time/watermark_alignment.hpp"

#include <doctest/doctest.h>

#include <string>

#include "libflow/time/watermark_multiplexer.hpp"

using namespace flow;

TEST_CASE("the lowest of several parts counts, and never falls") {
  watermark_multiplexer<std::string> parts;
  CHECK(parts.on_periodic() == multiplexed{});
  CHECK(parts.add("a"));
  CHECK(!parts.add("a"));
  CHECK(parts.immediate("a", 5).watermark == 5);
  CHECK(parts.add("b"));
  CHECK(parts.immediate("a", 9) == multiplexed{});
  parts.deferred("b", 7);
  CHECK(parts.output() == 5);
  CHECK(parts.on_periodic().watermark == 7);
  CHECK(parts.immediate("b", 3) == multiplexed{});
  CHECK(parts.immediate("b", stream_status::idle).watermark == 9);
  CHECK(parts.remove("a").status == stream_status::idle);
  CHECK(parts.immediate("b", 20) == multiplexed{20, stream_status::active});
  CHECK(parts.remove("b") == multiplexed{});
  CHECK(parts.on_periodic() == multiplexed{});
}

TEST_CASE("a group goes on as far as its slowest and the drift") {
  alignment_group group{duration_ms{10}};
  CHECK(group.allowed() == max_timestamp);
  group.report(0, 100);
  group.report(1, 50);
  CHECK(group.allowed() == 60);
  group.report(1, max_timestamp);
  CHECK(group.allowed() == 110);
  CHECK(group.lowest() == 100);
  group.report(0, max_timestamp);
  CHECK(group.allowed() == max_timestamp);
  group.report(2, 5);
  CHECK(group.lowest() == 5);
  group.forget(2);
  CHECK(group.lowest() == max_timestamp);
}

TEST_CASE("a source pauses above the limit and goes on below") {
  aligned_source source;
  CHECK(!source.report());
  source.advance(50);
  source.advance(40);
  CHECK(source.report() == 50);
  CHECK(!source.paused());
  source.allow(49);
  CHECK(source.paused());
  source.allow(50);
  CHECK(!source.paused());
}
