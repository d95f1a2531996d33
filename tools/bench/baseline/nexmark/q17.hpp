#pragma once

#include "apps/nexmark/queries/calendar.hpp"
#include "apps/nexmark/queries/ranks.hpp"
#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

struct q17 {
  struct auction_day {
    std::int64_t auction = 0, day = 0;
    bool operator==(const auction_day&) const = default;
  };
  struct statistics {
    ::nexmark::rank_counts bids;
    std::int64_t min = 0, max = 0, sum = 0;
  };
  struct row {
    auction_day key;
    statistics bids;
  };
  row_sink rows;
  table<auction_day, statistics> auctions;

  void add(const event& each) {
    const bid* b = std::get_if<bid>(&each);
    if (b == nullptr)
      return;
    const auction_day key{b->auction, ::nexmark::day_of(b->date_time)};
    statistics& now = auctions.at(key);
    if (now.bids.total > 0)
      rows.add(change::update_before, row{key, now});
    else
      now.min = now.max = b->price;
    now.bids += ::nexmark::count_of(b->price);
    now.min = std::min(now.min, b->price);
    now.max = std::max(now.max, b->price);
    now.sum += b->price;
    rows.add(change::update_after, row{key, now});
  }
};

} // namespace flow::bench::nexmark_loops
