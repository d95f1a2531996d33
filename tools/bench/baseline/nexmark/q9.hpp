#pragma once

#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

struct q9 {
  struct row {
    std::int64_t id;
    text item_name, description;
    std::int64_t initial_bid, reserve;
    timestamp date_time, expires;
    std::int64_t seller, category;
    text extra;
    std::int64_t auction, bidder, price;
    timestamp bid_date_time;
    text bid_extra;
  };
  struct offer {
    timestamp date_time = 0;
    std::uint64_t position = 0;
    std::int64_t bidder = 0, price = 0;
    text extra;
  };
  struct known {
    bool has_sale = false, has_best = false;
    auction sale;
    offer best;
    std::vector<offer> early;
  };
  row_sink rows;
  table<std::int64_t, known> auctions;

  void add(const event& each) {
    if (const bid* b = std::get_if<bid>(&each)) {
      known& now = auctions.at(b->auction);
      if (!now.has_sale)
        now.early.push_back(of(*b));
      else if (wins(now, *b))
        take(now, of(*b));
    } else if (const auto* sale = std::get_if<auction>(&each)) {
      known& now = auctions.at(sale->id);
      now.sale = *sale;
      now.has_sale = true;
      for (const offer& made : std::exchange(now.early, {}))
        if (wins(now, made))
          take(now, made);
    }
  }

  static offer of(const bid& b) {
    return {b.date_time, b.position, b.bidder, b.price, b.extra};
  }
  template <class Offer>
  static bool wins(const known& now, const Offer& b) {
    if (b.date_time < now.sale.date_time || b.date_time > now.sale.expires)
      return false;
    return !now.has_best || b.price > now.best.price
           || (b.price == now.best.price
               && std::tie(b.date_time, b.position)
                    < std::tie(now.best.date_time, now.best.position));
  }
  void take(known& now, offer made) {
    if (now.has_best)
      emit(change::update_before, now);
    const auto op = now.has_best ? change::update_after : change::insert;
    now.best = std::move(made);
    now.has_best = true;
    emit(op, now);
  }
  void emit(change op, const known& now) {
    const auto b = [](const text& from) { return text::borrow(from); };
    const auto& s = now.sale;
    rows.add(op, row{s.id, b(s.item_name), b(s.description), s.initial_bid,
                     s.reserve, s.date_time, s.expires, s.seller, s.category,
                     b(s.extra), s.id, now.best.bidder, now.best.price,
                     now.best.date_time, b(now.best.extra)});
  }
};

} // namespace flow::bench::nexmark_loops
