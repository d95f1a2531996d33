#pragma once

#include "apps/nexmark/queries/side_table.hpp"
#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

struct q13 {
  struct row {
    std::int64_t auction, bidder, price;
    timestamp date_time;
    text value;
  };
  row_sink rows;
  ::nexmark::side_table side = ::nexmark::side_table::standard();

  void add(const event& each) {
    if (const bid* b = std::get_if<bid>(&each))
      for (const text& value : side.find(b->auction))
        rows.add(row{b->auction, b->bidder, b->price, b->date_time,
                     text::borrow(value)});
  }
};

} // namespace flow::bench::nexmark_loops
