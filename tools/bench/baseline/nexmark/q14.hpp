#pragma once

#include "apps/nexmark/queries/currency.hpp"
#include "apps/nexmark/queries/time_type.hpp"
#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

struct q14 {
  struct row {
    std::int64_t auction, bidder, price;
    ::nexmark::time_type type;
    timestamp date_time;
    text extra;
    std::int64_t c_counts;
  };
  row_sink rows;

  void add(const event& each) {
    const bid* b = std::get_if<bid>(&each);
    if (b == nullptr)
      return;
    const std::int64_t price = ::nexmark::to_euro(b->price);
    if (price <= 1'000'000'000 || price >= 50'000'000'000)
      return;
    const auto extra = b->extra.view();
    rows.add(row{b->auction, b->bidder, price, ::nexmark::type_of(b->date_time),
                 b->date_time, text::borrow(extra),
                 std::count(extra.begin(), extra.end(), 'c')});
  }
};

} // namespace flow::bench::nexmark_loops
