#pragma once

#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

struct q0 {
  struct row {
    std::int64_t auction, bidder, price;
    timestamp date_time;
    text extra;
  };
  row_sink rows;

  void add(const event& each) {
    if (const bid* b = std::get_if<bid>(&each))
      rows.add(row{b->auction, b->bidder, b->price, b->date_time,
                   text::borrow(b->extra)});
  }
};

} // namespace flow::bench::nexmark_loops
