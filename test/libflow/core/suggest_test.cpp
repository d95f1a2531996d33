#include "libflow/core/suggest.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace flow;

TEST_CASE("the closest candidate is suggested, or none") {
  constexpr std::array<std::string_view, 4> names = {"--input", "--output",
                                                     "--window", "--on-error"};
  struct row {
    const char* written;
    const char* found;
  };
  constexpr std::array rows = {
    row{"--inptu", "--input"},
    row{"--outpt", "--output"},
    row{"--windows", "--window"},
    row{"--onerror", "--on-error"},
    row{"--input", "--input"},
    row{"--colour-of-it", ""},
    row{"x", ""},
    row{"", ""},
  };
  for (const row& r : rows) {
    CAPTURE(r.written);
    CHECK(closest(r.written, names) == r.found);
  }
}

TEST_CASE("of equally close candidates the first is suggested") {
  constexpr std::array<std::string_view, 2> names = {"abcd1", "abcd2"};
  CHECK(closest("abcd3", names) == "abcd1");
}

TEST_CASE("something very long is like nothing") {
  constexpr std::array<std::string_view, 1> names = {"input"};
  CHECK(closest(std::string(100'000, 'a'), names).empty());
}

TEST_CASE("the question is put only when there is an answer") {
  constexpr std::array<std::string_view, 1> names = {"input"};
  CHECK(did_you_mean("inpt", names) == "; did you mean 'input'?");
  CHECK(did_you_mean("zzzzz", names).empty());
}
