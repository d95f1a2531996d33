#pragma once

#include "apps/nexmark/queries/channel_ids.hpp"
#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

struct q21 {
  struct row {
    std::int64_t auction, bidder, price;
    text channel, channel_id;
  };
  row_sink rows;

  void add(const event& each) {
    if (const bid* b = std::get_if<bid>(&each))
      if (const auto id = ::nexmark::channel_id_of(b->channel, b->url))
        rows.add(row{b->auction, b->bidder, b->price, text::borrow(b->channel),
                     text::borrow(*id)});
  }
};

} // namespace flow::bench::nexmark_loops
