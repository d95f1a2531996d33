#include "libflow/time/idleness_detector.hpp"

#include <doctest/doctest.h>

using namespace flow;
using namespace std::chrono_literals;

TEST_CASE(
  "idleness is noticed when the time since a probe exceeds the timeout") {
  idleness_detector detector{duration_ms{10}};
  detector.on_activity();           // at 0 ms
  CHECK_FALSE(detector.probe(1ms)); // sees the record
  CHECK_FALSE(detector.probe(6ms)); // starts measuring
  CHECK_FALSE(detector.probe(11ms));
  CHECK_FALSE(detector.probe(16ms)); // exactly 10 ms: not more
  CHECK(detector.probe(21ms));
  CHECK(detector.idle());
}

TEST_CASE("turning idle is told once, and the next record ends it") {
  idleness_detector detector{duration_ms{10}};
  CHECK_FALSE(detector.probe(0ms)); // no record ever: measures from here
  CHECK(detector.probe(11ms));
  CHECK_FALSE(detector.probe(30ms));
  CHECK(detector.idle());
  detector.on_activity();
  CHECK_FALSE(detector.idle());
  detector.on_activity();
  CHECK_FALSE(detector.probe(31ms));
  CHECK_FALSE(detector.probe(32ms));
  CHECK_FALSE(detector.probe(42ms));
  CHECK(detector.probe(43ms));
}

TEST_CASE("a record between two probes starts the measurement anew") {
  idleness_detector detector{duration_ms{10}};
  CHECK_FALSE(detector.probe(0ms));
  CHECK_FALSE(detector.probe(9ms));
  detector.on_activity();
  CHECK_FALSE(detector.probe(20ms));
  CHECK_FALSE(detector.probe(25ms));
  CHECK_FALSE(detector.probe(35ms));
  CHECK(detector.probe(36ms));
}

TEST_CASE("idleness is noticed within the timeout and three intervals") {
  for (int timeout = 1; timeout <= 40; ++timeout) {
    for (int interval = 1; interval <= 20; ++interval) {
      for (int phase = 1; phase <= interval; ++phase) {
        idleness_detector detector{duration_ms{timeout}};
        detector.on_activity(); // at 0 ms
        int now = phase;
        while (!detector.probe(std::chrono::milliseconds{now}))
          now += interval;
        REQUIRE(now > timeout);
        REQUIRE(now <= timeout + 3 * interval);
      }
    }
  }
}

TEST_CASE("time under backpressure does not count") {
  idleness_detector detector{duration_ms{10}};
  CHECK_FALSE(detector.probe(0ms));
  detector.pause(5ms);
  CHECK_FALSE(detector.probe(100ms)); // 5 ms counted
  detector.pause(150ms);              // still the same pause
  detector.resume(200ms);
  CHECK_FALSE(detector.probe(205ms)); // 10 ms counted
  CHECK(detector.probe(206ms));
}

TEST_CASE("a pause before the measurement and a lone resume change nothing") {
  idleness_detector detector{duration_ms{10}};
  detector.pause(0ms);
  detector.resume(50ms);
  detector.resume(70ms);
  CHECK_FALSE(detector.probe(80ms));
  CHECK_FALSE(detector.probe(90ms));
  CHECK(detector.probe(91ms));
}

TEST_CASE("a measurement that starts within a pause starts with its end") {
  idleness_detector detector{duration_ms{10}};
  detector.pause(0ms);
  CHECK_FALSE(detector.probe(20ms));
  detector.resume(100ms);
  CHECK_FALSE(detector.probe(110ms));
  CHECK(detector.probe(111ms));
}
