#pragma once

#include "apps/nexmark/queries/calendar.hpp"
#include "apps/nexmark/queries/day_totals.hpp"
#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

struct q15 {
  struct row {
    std::int64_t day;
    ::nexmark::day_totals totals;
  };
  using ranks = table<std::int64_t, ::nexmark::rank_set>;
  struct of_day {
    ranks bidders, auctions;
    ::nexmark::day_totals totals;
  };
  row_sink rows;
  std::map<std::int64_t, of_day> days;

  void add(const event& each) {
    const bid* b = std::get_if<bid>(&each);
    if (b == nullptr)
      return;
    const auto day = ::nexmark::day_of(b->date_time);
    of_day& now = days[day];
    if (now.totals.bids.total > 0)
      rows.add(change::update_before, row{day, now.totals});
    now.totals +=
      {::nexmark::count_of(b->price), note(now.bidders, b->bidder, b->price),
       note(now.auctions, b->auction, b->price)};
    rows.add(change::update_after, row{day, now.totals});
  }

  static ::nexmark::rank_counts note(ranks& in, std::int64_t id,
                                     std::int64_t price) {
    ::nexmark::rank_set& now = in.at(id);
    const auto before = now;
    now =
      static_cast<::nexmark::rank_set>(now | 1U << ::nexmark::rank_of(price));
    return ::nexmark::added(before, now);
  }
};

} // namespace flow::bench::nexmark_loops
