#pragma once

#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

struct q2 {
  struct row {
    std::int64_t auction, price;
  };
  row_sink rows;

  void add(const event& each) {
    if (const bid* b = std::get_if<bid>(&each); b && b->auction % 123 == 0)
      rows.add(row{b->auction, b->price});
  }
};

} // namespace flow::bench::nexmark_loops
