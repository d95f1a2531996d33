#include "libflow/time/watermark_valve.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "test/support/test_seed.hpp"

using namespace flow;

namespace {

constexpr std::size_t a = 0;
constexpr std::size_t b = 1;
constexpr std::size_t c = 2;
constexpr stream_status idle = stream_status::idle;
constexpr stream_status active = stream_status::active;
constexpr valve_output nothing{};

valve_output mark(timestamp value) {
  return {value, std::nullopt};
}
valve_output turns(stream_status status) {
  return {std::nullopt, status};
}
valve_output flush_and_idle(timestamp value) {
  return {value, idle};
}

} // namespace

TEST_CASE("the output is the minimum over the channels") {
  watermark_valve valve{2};
  CHECK(valve.watermark(a, 10) == nothing);
  CHECK(valve.watermark(b, 5) == mark(5));
  CHECK(valve.watermark(b, 8) == mark(8));
  CHECK(valve.watermark_of(a) == 10);
  CHECK(valve.output() == 8);
}

TEST_CASE("a watermark that does not rise is ignored") {
  watermark_valve valve{2};
  CHECK(valve.watermark(a, 10) == nothing);
  CHECK(valve.watermark(b, 10) == mark(10));
  CHECK(valve.watermark(a, 7) == nothing);
  CHECK(valve.watermark(a, 10) == nothing);
  CHECK(valve.watermark_of(a) == 10);
}

TEST_CASE("a single channel passes its watermarks and statuses on") {
  watermark_valve valve{1};
  CHECK(valve.watermark(a, -5) == mark(-5));
  CHECK(valve.watermark(a, 3) == mark(3));
  CHECK(valve.status(a, idle) == turns(idle));
  CHECK(valve.status(a, active) == turns(active));
  CHECK(valve.watermark(a, max_timestamp) == mark(max_timestamp));
  CHECK(valve.finish(a) == nothing);
}

TEST_CASE("a channel that goes idle no longer holds back the minimum") {
  watermark_valve valve{2};
  CHECK(valve.watermark(a, 10) == nothing);
  CHECK(valve.watermark(b, 5) == mark(5));
  CHECK(valve.status(b, idle) == mark(10));
  CHECK(valve.output_status() == active);
  CHECK_FALSE(valve.aligned(b));
}

TEST_CASE("when all are idle the maximum is flushed, then idle, in any order") {
  for (bool a_first : {true, false}) {
    watermark_valve valve{2};
    CHECK(valve.watermark(a, 5) == nothing);
    CHECK(valve.watermark(b, 4) == mark(4));
    if (a_first) {
      CHECK(valve.status(a, idle) == nothing);
      CHECK(valve.status(b, idle) == flush_and_idle(5));
    } else {
      CHECK(valve.status(b, idle) == mark(5));
      CHECK(valve.status(a, idle) == turns(idle));
    }
    CHECK(valve.output() == 5);
    CHECK(valve.output_status() == idle);
  }
}

TEST_CASE("a channel that turns active late does not hold back the output") {
  watermark_valve valve{2};
  CHECK(valve.watermark(a, 10) == nothing);
  CHECK(valve.status(b, idle) == mark(10));
  CHECK(valve.status(b, active) == nothing);
  CHECK(valve.watermark(b, 3) == nothing);
  CHECK_FALSE(valve.aligned(b));
  CHECK(valve.watermark(a, 12) == mark(12));

  SUBCASE("and takes part again once it has caught up") {
    CHECK(valve.watermark(b, 12) == nothing);
    CHECK(valve.aligned(b));
    CHECK(valve.watermark(a, 20) == nothing);
    CHECK(valve.watermark(b, 15) == mark(15));
  }
  SUBCASE("nor does one that stays below it") {
    CHECK(valve.watermark(b, 11) == nothing);
    CHECK(valve.watermark(a, 20) == mark(20));
  }
}

TEST_CASE("a sole channel that takes part again puts out its watermark") {
  watermark_valve valve{3};
  CHECK(valve.status(c, idle) == nothing);
  CHECK(valve.watermark(a, 10) == nothing);
  CHECK(valve.watermark(b, 20) == mark(10));
  CHECK(valve.status(b, idle) == nothing);
  CHECK(valve.status(c, active) == nothing);
  CHECK(valve.watermark(c, 3) == nothing);
  CHECK(valve.status(a, idle) == nothing); // nobody takes part now
  CHECK(valve.status(b, active) == mark(20));
}

TEST_CASE("watermarks of an idle channel are ignored") {
  watermark_valve valve{2};
  CHECK(valve.status(a, idle) == nothing);
  CHECK(valve.watermark(a, 99) == nothing);
  CHECK(valve.status(b, idle) == turns(idle));
  CHECK(valve.watermark(a, 99) == nothing);
  CHECK(valve.watermark_of(a) == min_timestamp);
  CHECK(valve.output() == min_timestamp);
}

TEST_CASE("active is put out before the watermark, idle after it") {
  watermark_valve valve{2};
  CHECK(valve.watermark(a, 5) == nothing);
  CHECK(valve.watermark(b, 4) == mark(4));
  CHECK(valve.status(a, idle) == nothing);
  CHECK(valve.status(b, idle) == flush_and_idle(5));
  CHECK(valve.status(b, active) == turns(active));
  CHECK(valve.watermark(b, 6) == mark(6));
}

TEST_CASE("repeated statuses are put out once") {
  watermark_valve valve{2};
  CHECK(valve.status(a, active) == nothing);
  CHECK(valve.status(a, idle) == nothing);
  CHECK(valve.status(a, idle) == nothing);
  CHECK(valve.status(b, idle) == turns(idle));
  CHECK(valve.status(b, idle) == nothing);
  CHECK(valve.status(a, active) == turns(active));
  CHECK(valve.status(b, active) == nothing);
}

TEST_CASE("a channel that ended is not idle: the other alone decides") {
  watermark_valve valve{2};
  CHECK(valve.watermark(b, 5) == nothing);
  CHECK(valve.watermark(a, max_timestamp) == mark(5));
  SUBCASE("when it has finished") {
    CHECK(valve.finish(a) == nothing);
    CHECK(valve.finished(a));
    CHECK(valve.status(b, idle) == turns(idle));
  }
  SUBCASE("while it waits for its last checkpoint") {
    CHECK(valve.status(b, idle) == turns(idle));
    CHECK(valve.finish(a) == nothing);
  }
  CHECK(valve.status(b, active) == turns(active));
  CHECK(valve.watermark(b, 7) == mark(7));
  CHECK(valve.watermark(b, max_timestamp) == mark(max_timestamp));
}

TEST_CASE("the end of the last active channel turns the output idle") {
  watermark_valve valve{3};
  CHECK(valve.watermark(a, 4) == nothing);
  CHECK(valve.watermark(b, 9) == nothing);
  CHECK(valve.watermark(c, 2) == mark(2));
  CHECK(valve.status(b, idle) == nothing);
  CHECK(valve.status(c, idle) == mark(4));
  SUBCASE("with the largest watermark") {
    CHECK(valve.watermark(a, max_timestamp) == flush_and_idle(9));
  }
  SUBCASE("without it") {
    CHECK(valve.finish(a) == flush_and_idle(9));
  }
}

TEST_CASE("a finished channel is removed from the minimum") {
  watermark_valve valve{3};
  CHECK(valve.watermark(a, 4) == nothing);
  CHECK(valve.watermark(b, 9) == nothing);
  CHECK(valve.watermark(c, 7) == mark(4));
  CHECK(valve.finish(a) == mark(7));
  CHECK(valve.finish(a) == nothing);
  CHECK(valve.watermark(a, 50) == nothing);
  CHECK(valve.status(a, idle) == nothing);
  CHECK(valve.watermark(c, 12) == mark(9));
}

TEST_CASE("channels that all finish put out nothing by themselves") {
  watermark_valve valve{2};
  CHECK(valve.watermark(a, 4) == nothing);
  CHECK(valve.watermark(b, 4) == mark(4));
  CHECK(valve.finish(a) == nothing);
  CHECK(valve.finish(b) == nothing);
  CHECK(valve.output() == 4);
  CHECK(valve.output_status() == active);
}

TEST_CASE("the end of time needs every channel's word") {
  watermark_valve valve{2};
  SUBCASE("which a stopped channel never gives") {
    CHECK(valve.finish(a) == nothing);
    CHECK(valve.watermark(b, 8) == mark(8));
    CHECK(valve.watermark(b, max_timestamp) == nothing);
  }
  SUBCASE("even when it stops last") {
    CHECK(valve.watermark(b, max_timestamp) == nothing);
    CHECK(valve.finish(b) == nothing);
    CHECK(valve.finish(a) == nothing);
  }
  CHECK(valve.output() < max_timestamp);
}

TEST_CASE("a restored valve goes on where it was") {
  watermark_valve valve{3};
  CHECK(valve.watermark(a, 10) == nothing);
  CHECK(valve.watermark(b, 20) == nothing);
  CHECK(valve.status(c, idle) == mark(10));
  const valve_state state = valve.snapshot();
  CHECK(state == valve_state{{10, 20, min_timestamp}, 10});

  watermark_valve restored{3};
  CHECK(restored.restore(state) == mark(10));
  CHECK(restored.status_of(c) == active);
  CHECK_FALSE(restored.aligned(c));
  CHECK(restored.snapshot() == state);
  CHECK(restored.watermark(a, 9) == nothing);
  CHECK(restored.watermark(a, 15) == mark(15));
}

TEST_CASE("a valve restored before the first watermark puts out nothing") {
  watermark_valve restored{2};
  CHECK(restored.restore(watermark_valve{2}.snapshot()) == nothing);
  CHECK(restored.watermark(a, 1) == nothing);
  CHECK(restored.watermark(b, 2) == mark(1));
}

TEST_CASE("a restored channel that had ended stays out of the minimum") {
  watermark_valve valve{2};
  CHECK(valve.watermark(a, max_timestamp) == nothing);
  CHECK(valve.watermark(b, 6) == mark(6));
  watermark_valve restored{2};
  CHECK(restored.restore(valve.snapshot()) == mark(6));
  CHECK(restored.watermark(b, 7) == mark(7));
  CHECK(restored.watermark(b, max_timestamp) == mark(max_timestamp));
}

TEST_CASE("at another parallelism channels start at the old minimum") {
  const std::vector<valve_state> old{{{10, 12}, 10}, {{8, 30}, 8}};
  const valve_state fresh = rescaled(old, 3);
  CHECK(fresh == valve_state{{8, 8, 8}, 8});
  watermark_valve valve{3};
  CHECK(valve.restore(fresh) == mark(8));
  CHECK(valve.watermark(a, 20) == nothing);
  CHECK(valve.watermark(b, 9) == nothing);
  CHECK(valve.watermark(c, 11) == mark(9));
}

TEST_CASE("at another parallelism channels start not below the output") {
  // The second channel was idle at 3 while the first went on to 10.
  const std::vector<valve_state> old{{{10, 3}, 10}};
  CHECK(rescaled(old, 3) == valve_state{{10, 10, 10}, 10});
  CHECK(rescaled({}, 2)
        == valve_state{{min_timestamp, min_timestamp}, min_timestamp});
}

namespace {

/// The rules again, by recomputing everything at each event.
class valve_model {
public:
  explicit valve_model(std::size_t count) : channels_(count) {}

  valve_output watermark(std::size_t i, timestamp value) {
    channel& it = channels_[i];
    if (it.idle || it.ended || value <= it.mark)
      return {};
    it.mark = value;
    it.ended = value == max_timestamp;
    if (value >= output_)
      it.caught_up = true;
    return settle();
  }

  valve_output status(std::size_t i, stream_status status) {
    channel& it = channels_[i];
    if (it.ended || it.idle == (status == idle))
      return {};
    it.idle = status == idle;
    it.caught_up = !it.idle && it.mark >= output_;
    return settle();
  }

  valve_output finish(std::size_t i) {
    if (channels_[i].ended)
      return {};
    channels_[i].ended = true;
    return settle();
  }

private:
  struct channel {
    timestamp mark = min_timestamp;
    bool idle = false;
    bool caught_up = true;
    bool ended = false;
  };

  valve_output settle() {
    valve_output out;
    std::vector<timestamp> aligned;
    std::vector<timestamp> live;
    bool any_active = false;
    bool all_max = true;
    for (const channel& each : channels_) {
      all_max = all_max && each.mark == max_timestamp;
      if (each.ended)
        continue;
      live.push_back(each.mark);
      any_active = any_active || !each.idle;
      if (!each.idle && each.caught_up)
        aligned.push_back(each.mark);
    }
    if (any_active && idle_) {
      idle_ = false;
      out.status = active;
    }
    if (all_max)
      raise(max_timestamp, out);
    else if (!aligned.empty())
      raise(*std::min_element(aligned.begin(), aligned.end()), out);
    else if (!any_active && !live.empty() && !idle_) {
      raise(*std::max_element(live.begin(), live.end()), out);
      idle_ = true;
      out.status = idle;
    }
    return out;
  }

  void raise(timestamp value, valve_output& out) {
    if (value > output_)
      out.watermark = output_ = value;
  }

  std::vector<channel> channels_;
  timestamp output_ = min_timestamp;
  bool idle_ = false;
};

} // namespace

TEST_CASE("random schedules agree with recomputing everything") {
  std::mt19937_64 random{test_seed()};
  auto below = [&](std::size_t n) { return random() % n; };
  for (int round = 0; round < 3000; ++round) {
    const std::size_t count = 1 + below(6);
    watermark_valve valve{count};
    valve_model model{count};
    const std::size_t range = 3 + below(40);
    timestamp last = min_timestamp;
    for (int step = 0; step < 80; ++step) {
      const std::size_t channel = below(count);
      valve_output got;
      valve_output wanted;
      const std::size_t dice = below(100);
      if (dice < 60) {
        const auto value = static_cast<timestamp>(below(range))
                           + static_cast<timestamp>(step) / 4;
        got = valve.watermark(channel, value);
        wanted = model.watermark(channel, value);
      } else if (dice < 95) {
        const auto status = dice < 78 ? idle : active;
        got = valve.status(channel, status);
        wanted = model.status(channel, status);
      } else if (dice < 97) {
        got = valve.watermark(channel, max_timestamp);
        wanted = model.watermark(channel, max_timestamp);
      } else if (dice == 97) {
        got = valve.finish(channel);
        wanted = model.finish(channel);
      }
      REQUIRE(got == wanted);
      if (got.watermark) {
        REQUIRE(*got.watermark > last);
        last = *got.watermark;
      }
      REQUIRE(valve.output() == last);
    }
    watermark_valve restored{count};
    const valve_state state = valve.snapshot();
    const valve_output first = restored.restore(state);
    REQUIRE(restored.output() >= state.output);
    REQUIRE(first.watermark.value_or(min_timestamp) == restored.output());
  }
}
