#include "libflow/functions/async_future.hpp"

#include <doctest/doctest.h>

#include <future>
#include <map>
#include <stdexcept>
#include <vector>

#include "libflow/api/async_stream.hpp"
#include "libflow/testing.hpp"

using namespace flow;

namespace {

using number = std::int64_t;
using numbers = std::vector<number>;

/// The requests that the test has to answer.
using open_requests = std::map<number, std::vector<std::promise<number>>>;

auto harness(async_order order, open_requests& open, async_options options) {
  return testing::harness_of<number>([&](auto in) {
    const auto ask = answered_by_future(
      [&open](const number& x) { return open[x].emplace_back().get_future(); });
    return order == async_order::ordered
             ? in.template async_ordered<number>(ask, options)
             : in.template async_unordered<number>(ask, options);
  });
}

} // namespace

TEST_CASE("futures answer in the order of the records, or as they come") {
  for (const auto order : {async_order::ordered, async_order::unordered}) {
    open_requests open;
    auto it = harness(order, open, {.capacity = 2});
    for (const number each : {1, 2, 3})
      REQUIRE(it.push(each, each));
    CHECK(open.size() == 2); // the third waits for room
    open[2][0].set_value(20);
    REQUIRE(it.set_processing_time(1));
    CHECK(it.values()
          == (order == async_order::ordered ? numbers{} : numbers{20}));
    open[1][0].set_value(10);
    REQUIRE(it.set_processing_time(2));
    REQUIRE(open.size() == 3);
    open[3][0].set_value(30);
    REQUIRE(it.set_processing_time(3));
    CHECK(it.values()
          == (order == async_order::ordered ? numbers{10, 20, 30}
                                            : numbers{10, 30}));
  }
}

TEST_CASE("an exception in a future is an attempt that failed") {
  open_requests open;
  auto it = harness(async_order::ordered, open, {.attempts = 2});
  REQUIRE(it.push(number{7}));
  open[7][0].set_exception(
    std::make_exception_ptr(std::runtime_error{"not yet"}));
  REQUIRE(it.set_processing_time(1));
  REQUIRE(open[7].size() == 2);
  open[7][1].set_exception(
    std::make_exception_ptr(std::runtime_error{"never"}));
  const auto failed = it.set_processing_time(2);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().text.find("never") != std::string::npos);
}

TEST_CASE("a future that is too late changes nothing") {
  open_requests open;
  auto it = harness(async_order::ordered, open,
                    {.timeout = duration_ms{10}, .attempts = 1});
  REQUIRE(it.push(number{7}));
  CHECK_FALSE(it.set_processing_time(10));
}

TEST_CASE("open futures are asked again, and only while there are some") {
  open_requests open;
  auto it = harness(async_order::ordered, open, {});
  CHECK(it.op().next_deadline() == std::chrono::nanoseconds::max());
  REQUIRE(it.push(number{7}));
  CHECK(it.op().next_deadline() <= std::chrono::milliseconds{1});
  open[7][0].set_value(1);
  REQUIRE(it.set_processing_time(1));
  CHECK(it.op().next_deadline() == std::chrono::nanoseconds::max());
}
