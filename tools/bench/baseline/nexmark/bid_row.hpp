#pragma once

#include "apps/nexmark/event.hpp"

namespace flow::bench::nexmark_loops {

/// What q18 and q19 show of a bid. Borrows its texts.
struct bid_row {
  std::int64_t auction = 0, bidder = 0, price = 0;
  text channel, url;
  timestamp date_time = 0;
  text extra;
};

inline bid_row row_of(const ::nexmark::bid& from) {
  const auto t = [](const text& each) { return text::borrow(each); };
  return {from.auction, from.bidder,    from.price,   t(from.channel),
          t(from.url),  from.date_time, t(from.extra)};
}

} // namespace flow::bench::nexmark_loops
