#pragma once

#include "apps/nexmark/queries/directories.hpp"
#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

struct q22 {
  struct row {
    std::int64_t auction, bidder, price;
    text channel, dir1, dir2, dir3;
  };
  row_sink rows;

  void add(const event& each) {
    if (const bid* b = std::get_if<bid>(&each)) {
      const auto found = ::nexmark::directories_of(b->url);
      rows.add(row{b->auction, b->bidder, b->price, text::borrow(b->channel),
                   text::borrow(found[0]), text::borrow(found[1]),
                   text::borrow(found[2])});
    }
  }
};

} // namespace flow::bench::nexmark_loops
