#include "libflow/functions/error_policy.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "libflow/api/async_stream.hpp"
#include "libflow/api/connected_streams.hpp"
#include "libflow/api/keyed_stream.hpp"
#include "libflow/api/windowed_stream.hpp"
#include "libflow/functions/user_metrics.hpp"
#include "libflow/testing.hpp"

using namespace flow;
using flow::testing::harness_of;

namespace {

using number = std::int64_t;
using numbers = std::vector<number>;

const output_tag<failed_record> rejects{"rejects"};

/// Refuses negative numbers.
number checked(number x) {
  if (x < 0)
    throw std::runtime_error{"negative"};
  return x;
}

constexpr auto parity = [](const number& x) { return x % 2; };

struct emit_checked {
  void operator()(const number& x, collector<number>& out) const {
    out.emit(checked(x));
  }
  void operator()(const number& x, process_context&,
                  collector<number>& out) const {
    out.emit(checked(x));
  }
  void operator()(const number& x, keyed_context<number>&,
                  collector<number>& out) const {
    out.emit(checked(x));
  }
  void process_first(const number& x, process_context&,
                     collector<number>& out) const {
    out.emit(checked(x));
  }
  void process_second(const number& x, process_context&,
                      collector<number>& out) const {
    out.emit(checked(x));
  }
};

/// Pushes numbers in one batch, -1 and -4 among them, and looks at what came
/// out and what was rejected.
template <class Harness>
void check_leaves_out(Harness it) {
  it.consume(rejects);
  using one = testing::emitted<number>;
  const std::vector<one> all{{-1, 10}, {2, 11}, {3, 12}, {-4, 13}, {5, 14}};
  REQUIRE(it.push_batch(std::span<const one>{all}));
  CHECK(it.values() == numbers{2, 3, 5});
  CHECK(it.counts().skipped_records == 2);
  const auto failed = it.take_side(rejects);
  REQUIRE(failed.size() == 2);
  const auto& last = std::get<testing::emitted<failed_record>>(failed[1]);
  CHECK(last.value.record == "-4");
  CHECK(last.value.reason == "negative");
  CHECK(last.stamp == 13);
  number again = 0;
  byte_reader in{std::as_bytes(std::span{last.value.encoded})};
  CHECK(codec<number>::decode(in, again));
  CHECK(again == -4);
}

auto to_rejects() {
  return error_policy::dead_letter(rejects);
}

} // namespace

TEST_CASE("records that make a function throw go to the dead letters") {
  SUBCASE("map") {
    check_leaves_out(harness_of<number>(
      [](auto in) { return in.map(checked).on_error(to_rejects()); }));
  }
  SUBCASE("map to another type and back") {
    check_leaves_out(harness_of<number>([](auto in) {
      return in.map([](const number& x) { return x; })
        .map(checked)
        .on_error(to_rejects());
    }));
  }
  SUBCASE("filter") {
    check_leaves_out(harness_of<number>([](auto in) {
      return in.filter([](const number& x) { return checked(x) > 0; })
        .on_error(to_rejects());
    }));
  }
  SUBCASE("flat_map") {
    check_leaves_out(harness_of<number>([](auto in) {
      return in.template flat_map<number>(emit_checked{})
        .on_error(to_rejects());
    }));
  }
  SUBCASE("process") {
    check_leaves_out(harness_of<number>([](auto in) {
      return in.template process<number>(emit_checked{}).on_error(to_rejects());
    }));
  }
}

TEST_CASE("and so do those of keyed, two-input and asynchronous functions") {
  SUBCASE("keyed process") {
    check_leaves_out(harness_of<number>([](auto in) {
      return in.key_by(parity)
        .template process<number>(emit_checked{})
        .on_error(to_rejects());
    }));
  }
  SUBCASE("two inputs") {
    check_leaves_out(harness_of<number, number>([](auto a, auto b) {
      return a.connect(b)
        .template process<number>(emit_checked{})
        .on_error(to_rejects());
    }));
  }
  SUBCASE("timestamps") {
    check_leaves_out(harness_of<number>([](auto in) {
      return in
        .assign_timestamps_and_watermarks(
          monotonous_timestamps([](const number& x) { return checked(x) + 9; }))
        .on_error(to_rejects());
    }));
  }
  SUBCASE("asynchronous functions") {
    check_leaves_out(harness_of<number>([](auto in) {
      return in
        .template async_ordered<number>(
          [](const number& x, async_promise<number> promise) {
            promise.complete(checked(x));
          })
        .on_error(to_rejects());
    }));
  }
  SUBCASE("answers that fail") {
    check_leaves_out(harness_of<number>([](auto in) {
      return in
        .template async_unordered<number>(
          [](const number& x, async_promise<number> promise) {
            if (x < 0)
              promise.fail("negative");
            else
              promise.complete(x);
          })
        .on_error(to_rejects());
    }));
  }
}

TEST_CASE("windows leave records out that cannot be added") {
  for (const bool slices : {true, false}) {
    CAPTURE(slices);
    auto it = harness_of<number>([&](auto in) {
      auto windows =
        in.key_by(parity).window(tumbling_event_time{duration_ms{10}});
      const auto add = [](const number& a, const number& b) {
        return checked(a) + checked(b);
      };
      return slices
               ? windows.reduce(commutative(add)).on_error(error_policy::skip())
               : windows.trigger(event_time_trigger())
                   .reduce(add)
                   .on_error(error_policy::skip());
    });
    for (const number each : {2, -4, 6, 8})
      REQUIRE(it.push(each, 3));
    REQUIRE(it.watermark(9));
    CHECK(it.values() == numbers{16});
    CHECK(it.counts().skipped_records == 1);
  }
}

TEST_CASE("without a policy, and for a fatal error, the attempt fails") {
  auto plain = harness_of<number>([](auto in) { return in.map(checked); });
  CHECK_FALSE(plain.push(number{-1}));
  auto skipping = harness_of<number>([](auto in) {
    return in
      .map([](const number& x) -> number {
        if (x < 0)
          fatal("no");
        return x;
      })
      .on_error(error_policy::skip());
  });
  CHECK(skipping.push(number{1}));
  const auto failed = skipping.push(number{-1});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().severity == error_severity::fatal);
}

TEST_CASE("what an operator below throws is not left out by the one above") {
  // In a chain: the failure passes the policy of the map.
  struct thrower : receiver<number> {
    void receive(record_batch_ptr<number>) override {
      throw task_failure{{error_code::user_function, "below"}};
    }
    void receive_watermark(timestamp) override {}
    void receive_status(stream_status) override {}
    [[nodiscard]] bool full() const override { return false; }
  } below;
  flat_map_operator<number, number, emit_checked> op{"op", below, {}};
  op.set_error_policy(error_policy::skip());
  manual_clock time;
  operator_context context;
  context.time = &time;
  op.open(context);
  auto batch = record_batch<number>::make();
  batch->append(1, 0);
  CHECK_THROWS_AS(op.receive(std::move(batch)), task_failure);
}

TEST_CASE("a source has no records to leave out") {
  stream_environment env{job_options{}};
  env.from_sequence(1, 2).on_error(error_policy::skip()).print();
  CHECK_FALSE(env.build());
}

TEST_CASE("in ingestion time records are as old as their arrival") {
  auto it = harness_of<number>([](auto in) {
    return in.assign_timestamps_and_watermarks(ingestion_time());
  });
  REQUIRE(it.set_processing_time(700));
  REQUIRE(it.push(number{1}, 3));
  REQUIRE(it.set_processing_time(1000));
  using item = testing::output_item<number>;
  CHECK(it.take()
        == std::vector<item>{testing::emitted<number>{1, 700},
                             testing::emitted_watermark{699}});
}

TEST_CASE("functions count for themselves") {
  struct counting {
    void open(runtime_context& context) {
      odd = metrics_of(context).counter("odd");
    }
    number operator()(const number& x) {
      odd->add(x % 2 != 0 ? 1 : 0);
      return x;
    }
    std::shared_ptr<counter> odd;
  };
  auto it = harness_of<number>([](auto in) { return in.map(counting{}); });
  for (const number each : {1, 2, 3})
    REQUIRE(it.push(each));
  CHECK(it.counters() == std::map<std::string, std::uint64_t>{{"odd", 2}});
}
