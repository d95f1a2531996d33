#include "libflow/exchange/credit.hpp"

#include <doctest/doctest.h>

using namespace flow;

TEST_CASE("an account gives what was granted and no more") {
  credit_account account{4};
  CHECK_FALSE(account.take());
  REQUIRE(account.grant(2));
  CHECK(account.available() == 2);
  CHECK(account.take());
  CHECK(account.take());
  CHECK_FALSE(account.take());
  CHECK(account.available() == 0);
  CHECK(account.used() == 2);
}

TEST_CASE("a grant beyond the window is refused and changes nothing") {
  credit_account account{4};
  REQUIRE(account.grant(3));
  const auto refused = account.grant(2);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("window of 4") != std::string::npos);
  CHECK_FALSE(account.grant(0xffffffffU));
  CHECK(account.available() == 3);
  CHECK(account.grant(1));
}

TEST_CASE("a grantor starts with the window and goes on in halves") {
  credit_grantor grantor{16};
  CHECK(grantor.start() == 16);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 7; ++i)
      CHECK(grantor.on_processed(1) == 0);
    CHECK(grantor.on_processed(1) == 8);
  }
  CHECK(grantor.on_processed(11) == 11);
  CHECK(grantor.outstanding() == 16);
}

TEST_CASE("credits are granted one by one only in a window of one") {
  for (std::uint32_t window = 1; window <= 33; ++window) {
    credit_grantor grantor{window};
    CHECK(grantor.start() == window);
    for (int i = 0; i < 200; ++i) {
      // The sender waits whenever it has nothing open: that must not last.
      if (grantor.outstanding() == 0)
        FAIL("all was processed and nothing granted");
      const std::uint32_t credits = grantor.on_processed(1);
      CHECK((credits == 0 || window == 1 || credits >= 2));
      CHECK(grantor.outstanding() <= window);
    }
  }
}

TEST_CASE("a paused grantor holds grants back until it goes on") {
  credit_grantor grantor{8};
  grantor.pause();
  CHECK(grantor.start() == 0);
  CHECK(grantor.resume() == 8);
  grantor.pause();
  CHECK(grantor.paused());
  CHECK(grantor.on_processed(5) == 0);
  CHECK(grantor.on_processed(3) == 0);
  CHECK(grantor.outstanding() == 0);
  CHECK(grantor.resume() == 8);
  CHECK(grantor.resume() == 0);
}

TEST_CASE("a pause that ends early leaves small grants to be collected") {
  credit_grantor grantor{8};
  CHECK(grantor.start() == 8);
  grantor.pause();
  CHECK(grantor.on_processed(3) == 0);
  CHECK(grantor.resume() == 0);
  CHECK(grantor.on_processed(1) == 4);
}
