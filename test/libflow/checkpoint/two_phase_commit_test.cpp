#include "libflow/checkpoint/two_phase_commit.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace flow;

namespace {

/// Remembers what was committed, and fails when told.
struct store {
  expected<void> operator()(const std::string& what) {
    if (what == broken)
      return error{error_code::io, what + " is broken"};
    committed += what + " ";
    return {};
  }
  std::string committed;
  std::string broken;
};

} // namespace

TEST_CASE("a completed checkpoint commits what it and those before it hold") {
  two_phase_commit<std::string> it;
  store to;
  it.prepared(1, "a");
  it.prepared(2, "b");
  it.prepared(2, "c");
  it.prepared(4, "d");
  REQUIRE(it.completed(3, std::ref(to))); // 1 and 2 were never announced
  CHECK(to.committed == "a b c ");
  REQUIRE(it.completed(3, std::ref(to)));
  CHECK(to.committed == "a b c ");
  REQUIRE(it.completed(4, std::ref(to)));
  CHECK(to.committed == "a b c d ");
  CHECK(it.empty());
}

TEST_CASE("what cannot be committed stays, the others are tried") {
  two_phase_commit<std::string> it;
  store to;
  to.broken = "a";
  it.prepared(1, "a");
  it.prepared(1, "b");
  it.prepared(2, "c");
  const auto done = it.completed(2, std::ref(to));
  REQUIRE_FALSE(done);
  CHECK(done.error().text == "a is broken");
  CHECK(to.committed == "b c ");
  to.broken.clear();
  REQUIRE(it.completed(2, std::ref(to)));
  CHECK(to.committed == "b c a ");
}

TEST_CASE("entries are committed wherever they are restored") {
  two_phase_commit<std::string> it;
  it.prepared(1, "a");
  it.prepared(2, "b");
  auto entries = it.entries();
  REQUIRE(entries.size() == 2);
  two_phase_commit<std::string> half;
  store to;
  REQUIRE(half.recover(std::span{entries}.subspan(1), std::ref(to)));
  CHECK(to.committed == "b ");
  CHECK(half.empty());
  entries[0].pop_back();
  CHECK_FALSE(half.recover(entries, std::ref(to)));
}
