#pragma once

#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

struct q23 {
  struct row {
    std::int64_t bidder, price;
    text channel, url, bid_extra;
    std::int64_t person_id;
    text name, email_address, credit_card, city, state, person_extra;
    text item_name, description;
    std::int64_t initial_bid, reserve;
    timestamp auction_date_time, expires;
    std::int64_t seller, category;
    text auction_extra;
  };
  struct known {
    bool has_person = false;
    person who;
    std::vector<bid> bids;
    std::vector<auction> sales;
  };
  row_sink rows;
  table<std::int64_t, known> people;

  void add(const event& each) {
    if (const bid* b = std::get_if<bid>(&each)) {
      known& now = people.at(b->bidder);
      for (const auction& sale : now.sales)
        emit(*b, now, sale);
      now.bids.push_back(*b);
    } else if (const auto* sale = std::get_if<auction>(&each)) {
      known& now = people.at(sale->seller);
      for (const bid& early : now.bids)
        emit(early, now, *sale);
      now.sales.push_back(*sale);
    } else {
      const auto& one = std::get<person>(each);
      known& now = people.at(one.id);
      now.who = one;
      now.has_person = true;
      for (const bid& early : now.bids)
        for (const auction& early_sale : now.sales)
          emit(early, now, early_sale);
    }
  }

  void emit(const bid& b, const known& now, const auction& s) {
    if (!now.has_person)
      return;
    const auto t = [](const text& from) { return text::borrow(from); };
    const person& p = now.who;
    rows.add(row{b.bidder,         b.price,
                 t(b.channel),     t(b.url),
                 t(b.extra),       p.id,
                 t(p.name),        t(p.email_address),
                 t(p.credit_card), t(p.city),
                 t(p.state),       t(p.extra),
                 t(s.item_name),   t(s.description),
                 s.initial_bid,    s.reserve,
                 s.date_time,      s.expires,
                 s.seller,         s.category,
                 t(s.extra)});
  }
};

} // namespace flow::bench::nexmark_loops
