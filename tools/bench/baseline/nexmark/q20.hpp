#pragma once

#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

struct q20 {
  struct row {
    std::int64_t auction, bidder, price;
    text channel, url;
    timestamp bid_date_time;
    text bid_extra, item_name, description;
    std::int64_t initial_bid, reserve;
    timestamp auction_date_time, expires;
    std::int64_t seller, category;
    text auction_extra;
  };
  struct known {
    bool has_sale = false;
    auction sale;
    std::vector<bid> early;
  };
  row_sink rows;
  table<std::int64_t, known> auctions;

  void add(const event& each) {
    if (const bid* b = std::get_if<bid>(&each)) {
      known& now = auctions.at(b->auction);
      if (now.has_sale)
        emit(*b, now.sale);
      else
        now.early.push_back(*b);
    } else if (const auto* sale = std::get_if<auction>(&each)) {
      known& now = auctions.at(sale->id);
      now.has_sale = true;
      now.sale.category = sale->category;
      if (sale->category == 10)
        now.sale = *sale;
      for (const bid& early : std::exchange(now.early, {}))
        emit(early, now.sale);
    }
  }

  void emit(const bid& b, const auction& s) {
    const auto t = [](const text& from) { return text::borrow(from); };
    if (s.category == 10)
      rows.add(row{b.auction, b.bidder, b.price, t(b.channel), t(b.url),
                   b.date_time, t(b.extra), t(s.item_name), t(s.description),
                   s.initial_bid, s.reserve, s.date_time, s.expires, s.seller,
                   s.category, t(s.extra)});
  }
};

} // namespace flow::bench::nexmark_loops
