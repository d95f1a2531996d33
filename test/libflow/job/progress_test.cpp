#include "libflow/job/progress.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

namespace progress_test {

using namespace flow;
using namespace std::chrono_literals;

namespace {

struct recorder {
  progress_target target(bool terminal, bool color) {
    return {[this](std::string_view text) { written.emplace_back(text); },
            terminal, color};
  }
  std::vector<std::string> written;
};

} // namespace

TEST_CASE("a progress line shows what is known") {
  struct row {
    progress_facts facts;
    double rate;
    std::chrono::milliseconds elapsed;
    const char* line;
  };
  const std::vector<row> rows = {
    {{}, 0, 0ms, "0 records  0/s  0 s"},
    {{999, 0, min_timestamp, {}}, 999, 1500ms, "999 records  999/s  1 s"},
    {{1'234'567, 0, min_timestamp, 0.425},
     345'400,
     61s,
     "42 %  1,234,567 records  345 k/s  1 min 1 s"},
    {{1000, 1200, 978'307'200'000, {}},
     1'500'000,
     3720s,
     "1,000 records  1.5 M/s  watermark 2001-01-01T00:00:00Z  1,200 late  "
     "1 h 2 min"},
    {{5, 0, max_timestamp, 2.0},
     12e9,
     0ms,
     "100 %  5 records  12 G/s  watermark end  0 s"},
    {{5, 0, -1, {}}, 1, 0ms, "5 records  1/s  watermark -1 ms  0 s"},
  };
  for (const row& r : rows)
    CHECK(progress_line(r.facts, r.rate, r.elapsed) == r.line);
}

TEST_CASE("a line has at most 140 columns") {
  progress_facts facts;
  facts.records_in = std::numeric_limits<std::uint64_t>::max();
  facts.late_records = facts.records_in;
  facts.watermark = min_timestamp + 1;
  facts.fraction_done = 1.0;
  const auto elapsed = std::chrono::milliseconds{24h * 365 * 10};
  CHECK(progress_line(facts, 999e9, elapsed).size() <= 140);
}

TEST_CASE("a terminal's line is rewritten at most five times a second") {
  recorder out;
  progress_display display{out.target(true, false), 0s};
  for (int ms = 0; ms <= 1000; ++ms)
    display.update({static_cast<std::uint64_t>(ms), 0, min_timestamp, {}},
                   std::chrono::milliseconds{ms});
  CHECK(out.written.size() == 5);
  CHECK(out.written.back() == "\r\x1b[K1,000 records  1.0 k/s  1 s");
}

TEST_CASE("while no records come a terminal's line is rewritten each second") {
  recorder out;
  progress_display display{out.target(true, false), 0s};
  int waits = 0;
  for (auto now = 0ns; now <= 10s; now = display.next_update(), ++waits)
    display.update({7, 0, min_timestamp, {}}, now);
  CHECK(out.written.size() == 11); // twice before it is known
  CHECK(waits == 12);
  display.update({8, 0, min_timestamp, {}}, display.next_update());
  CHECK(out.written.size() == 12);
}

TEST_CASE("without a terminal there is a plain line every few seconds") {
  recorder out;
  progress_display display{out.target(false, false), 0s};
  for (int ms = 0; ms <= 11'000; ms += 50)
    display.update({10, 0, min_timestamp, {}}, std::chrono::milliseconds{ms});
  display.clear();
  REQUIRE(out.written.size() == 2);
  CHECK(out.written[0] == "10 records  2/s  5 s\n");
  CHECK(out.written[1] == "10 records  0/s  10 s\n");
}

TEST_CASE("colour is used only where it is asked for") {
  recorder out;
  progress_display display{out.target(true, true), 0s};
  display.update({}, 200ms);
  CHECK(out.written[0] == "\r\x1b[K\x1b[2m0 records  0/s  0 s\x1b[0m");
}

TEST_CASE("clearing takes the line away once") {
  recorder out;
  progress_display display{out.target(true, false), 0s};
  display.clear();
  CHECK(out.written.empty());
  display.update({}, 200ms);
  display.clear();
  display.clear();
  CHECK(out.written.size() == 2);
  CHECK(out.written[1] == "\r\x1b[K");
}

TEST_CASE("the rate follows the last seconds, not the whole run") {
  recorder out;
  progress_display display{out.target(true, false), 0s};
  std::uint64_t records = 0;
  for (int ms = 100; ms <= 10'000; ms += 100) {
    records += ms <= 5000 ? 100 : 10; // 1000/s, then 100/s
    display.update({records, 0, min_timestamp, {}},
                   std::chrono::milliseconds{ms});
  }
  CHECK(out.written.back().find("  100/s  ") != std::string::npos);
}

} // namespace progress_test
