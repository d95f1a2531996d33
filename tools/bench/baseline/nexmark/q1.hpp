#pragma once

#include "apps/nexmark/queries/currency.hpp"
#include "tools/bench/baseline/nexmark/q0.hpp"

namespace flow::bench::nexmark_loops {

struct q1 {
  row_sink rows;

  void add(const event& each) {
    if (const bid* b = std::get_if<bid>(&each))
      rows.add(q0::row{b->auction, b->bidder, ::nexmark::to_euro(b->price),
                       b->date_time, text::borrow(b->extra)});
  }
};

} // namespace flow::bench::nexmark_loops
