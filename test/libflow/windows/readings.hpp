#pragma once

#include <cstdint>

namespace flow::test {

/// What the tests of windows put into them.
struct reading {
  std::int64_t key = 0;
  std::int64_t value = 0;

  friend bool operator==(const reading&, const reading&) = default;
};

/// The sum of values, as it is and with what windows can make more of.
struct plain_sum {
  using accumulator = std::int64_t;
  void add(accumulator& acc, const reading& each) const { acc += each.value; }
  accumulator result(const accumulator& acc) const { return acc; }
};
struct sum : plain_sum {
  void merge(accumulator& acc, const accumulator& other) const { acc += other; }
};
struct retractable_sum : sum {
  void retract(accumulator& acc, const accumulator& other) const {
    acc -= other;
  }
};

} // namespace flow::test
