#pragma once

#include "apps/nexmark/queries/trades.hpp"
#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

/// The best bid of each auction: what q4 and q6 have in common. `changed(sale,
/// before, now)` with null before the first.
template <class Changed>
class winners {
public:
  using offer = ::nexmark::offer_facts;
  using sale = ::nexmark::sale_facts;

  explicit winners(Changed changed) : changed_(changed) {}

  void add(const event& each, std::int64_t auction::*group) {
    if (const bid* b = std::get_if<bid>(&each)) {
      const offer made{b->auction, b->date_time, b->position, b->price};
      known& now = auctions_.at(made.auction);
      if (now.has_sale)
        take(now, made);
      else
        now.early.push_back(made);
    } else if (const auto* s = std::get_if<auction>(&each)) {
      known& now = auctions_.at(s->id);
      now.has_sale = true;
      now.facts = {s->id, s->date_time, s->expires, s->*group};
      for (const offer& made : std::exchange(now.early, {}))
        take(now, made);
    }
  }

private:
  struct known {
    bool has_sale = false;
    bool has_best = false;
    sale facts;
    offer best;
    std::vector<offer> early;
  };

  void take(known& now, const offer& made) {
    if (made.date_time < now.facts.date_time
        || made.date_time > now.facts.expires)
      return;
    if (now.has_best
        && (made.price < now.best.price
            || (made.price == now.best.price
                && std::tie(made.date_time, made.position)
                     >= std::tie(now.best.date_time, now.best.position))))
      return;
    changed_(now.facts, now.has_best ? &now.best : nullptr, made);
    now.best = made;
    now.has_best = true;
  }

  Changed changed_;
  table<std::int64_t, known> auctions_;
};

} // namespace flow::bench::nexmark_loops
