#include "libflow/core/log.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

using namespace flow;

namespace {

struct recorder {
  logger at(log_level level) {
    return {level, [this](std::string_view line) { lines.emplace_back(line); },
            [] { return std::int64_t{978'307'200'250}; }};
  }
  std::vector<std::string> lines;
};

} // namespace

TEST_CASE("a line has time, level, whom it is about and the text") {
  recorder out;
  const logger log = out.at(log_level::info);
  log.info("started");
  log.with({"flights", "window", 2, 1}).warn("waits for credit");
  log.with({"flights", "", {}, {}}).error("failed");
  log.with({"", "map", {}, 3}).info("restored");
  CHECK(out.lines
        == std::vector<std::string>{
          "2001-01-01T00:00:00.250Z info  started\n",
          "2001-01-01T00:00:00.250Z warn  flights window[2]#1: waits for "
          "credit\n",
          "2001-01-01T00:00:00.250Z error flights: failed\n",
          "2001-01-01T00:00:00.250Z info  map#3: restored\n",
        });
}

TEST_CASE("a level lets through itself and what is graver") {
  for (int wanted = 0; wanted <= static_cast<int>(log_level::trace); ++wanted) {
    recorder out;
    const logger log = out.at(static_cast<log_level>(wanted));
    log.error("e");
    log.warn("w");
    log.info("i");
    log.debug("d");
    log.trace("t");
    log.log(log_level::off, "never");
    CHECK(out.lines.size() == static_cast<std::size_t>(wanted));
  }
}

TEST_CASE("levels are read by name") {
  for (int i = 0; i <= static_cast<int>(log_level::trace); ++i) {
    const auto level = static_cast<log_level>(i);
    CHECK(log_level_from(to_string(level)) == level);
  }
  CHECK_FALSE(log_level_from("loud"));
  CHECK_FALSE(log_level_from(""));
}

TEST_CASE("a text with line breaks stays one line") {
  recorder out;
  out.at(log_level::info).with({"a\nb", "", {}, {}}).info("c\r\nd");
  REQUIRE(out.lines.size() == 1);
  CHECK(out.lines[0].ends_with("info  a\\nb: c\\r\\nd\n"));
}

TEST_CASE("lines of many threads are written one at a time") {
  std::string all; // a race here is what the thread sanitizer would see
  const logger log{log_level::info, [&](std::string_view l) { all += l; },
                   [] { return std::int64_t{0}; }};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i)
          log.info("x");
      });
  }
  const std::string line = "1970-01-01T00:00:00Z info  x\n";
  CHECK(all.size() == 4000 * line.size());
  CHECK(std::ranges::count(all, '\n') == 4000);
}
