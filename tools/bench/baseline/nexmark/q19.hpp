#pragma once

#include "tools/bench/baseline/nexmark/bid_row.hpp"
#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

struct q19 {
  struct row {
    bid_row bid;
    std::int64_t rank_number;
  };
  static constexpr std::size_t kept = 10;
  row_sink rows;
  table<std::int64_t, std::vector<bid>> auctions;

  void add(const event& each) {
    const bid* b = std::get_if<bid>(&each);
    if (b == nullptr)
      return;
    std::vector<bid>& best = auctions.at(b->auction);
    std::size_t at = best.size();
    while (at > 0
           && (best[at - 1].price < b->price
               || (best[at - 1].price == b->price
                   && best[at - 1].position > b->position)))
      --at;
    if (at == kept)
      return;
    const bid* next = b;
    for (std::size_t i = at; i < best.size(); ++i) {
      emit(change::update_before, best[i], i);
      emit(change::update_after, *next, i);
      next = &best[i];
    }
    if (best.size() < kept)
      emit(change::insert, *next, best.size());
    else
      best.pop_back();
    best.insert(best.begin() + static_cast<std::ptrdiff_t>(at), *b);
  }

  void emit(change op, const bid& from, std::size_t index) {
    rows.add(op, row{row_of(from), static_cast<std::int64_t>(index) + 1});
  }
};

} // namespace flow::bench::nexmark_loops
