#pragma once

#include "tools/bench/baseline/nexmark/bid_row.hpp"
#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

struct q18 {
  struct pair {
    std::int64_t bidder = 0, auction = 0;
    bool operator==(const pair&) const = default;
  };
  struct last_bid {
    bool known = false;
    bid value;
  };
  row_sink rows;
  table<pair, last_bid> last;

  void add(const event& each) {
    const bid* b = std::get_if<bid>(&each);
    if (b == nullptr)
      return;
    last_bid& now = last.at({b->bidder, b->auction});
    if (now.known) {
      if (std::tie(b->date_time, b->position)
          <= std::tie(now.value.date_time, now.value.position))
        return;
      rows.add(change::update_before, row_of(now.value));
    }
    rows.add(change::update_after, row_of(*b));
    now.value = *b;
    now.known = true;
  }
};

} // namespace flow::bench::nexmark_loops
