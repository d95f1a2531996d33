#pragma once

#include "tools/bench/baseline/nexmark/q15.hpp"

namespace flow::bench::nexmark_loops {

struct q16 {
  struct channel_day {
    text channel;
    std::int64_t day = 0;
    bool operator==(const channel_day&) const = default;
  };
  struct channel_totals {
    std::int64_t minute = 0;
    ::nexmark::day_totals totals;
  };
  struct row {
    channel_day key;
    channel_totals all;
  };
  struct thing {
    std::int64_t channel = 0, id = 0;
    bool operator==(const thing&) const = default;
  };
  struct known {
    std::int64_t number = 0;
    channel_totals all;
  };
  using ranks = table<thing, ::nexmark::rank_set>;
  row_sink rows;
  table<channel_day, known> channels;
  ranks bidders, auctions;
  std::int64_t count = 0;

  void add(const event& each) {
    const bid* b = std::get_if<bid>(&each);
    if (b == nullptr)
      return;
    const channel_day key{text::borrow(b->channel),
                          ::nexmark::day_of(b->date_time)};
    known& now = channels.at(key);
    if (now.number == 0)
      now.number = ++count;
    else
      rows.add(change::update_before, row{key, now.all});
    now.all.minute =
      std::max(now.all.minute, ::nexmark::minute_of(b->date_time));
    now.all.totals += {::nexmark::count_of(b->price),
                       note(bidders, {now.number, b->bidder}, b->price),
                       note(auctions, {now.number, b->auction}, b->price)};
    rows.add(change::update_after, row{key, now.all});
  }

  static ::nexmark::rank_counts note(ranks& in, const thing& what,
                                     std::int64_t price) {
    ::nexmark::rank_set& now = in.at(what);
    const auto before = now;
    now =
      static_cast<::nexmark::rank_set>(now | 1U << ::nexmark::rank_of(price));
    return ::nexmark::added(before, now);
  }
};

} // namespace flow::bench::nexmark_loops
