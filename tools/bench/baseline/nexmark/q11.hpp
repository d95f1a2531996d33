#pragma once

#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

/// Events come in order: a session ends with the first bid behind its gap.
struct q11 {
  struct row {
    std::int64_t bidder, bid_count;
    timestamp start, end;
  };
  struct session {
    std::int64_t bidder = 0, bids = 0;
    timestamp first = 0, last = 0;
  };
  static constexpr timestamp gap = 10'000;
  row_sink rows;
  table<std::int64_t, std::uint32_t> bidders;
  std::vector<session> sessions;

  void add(const event& each) {
    const bid* b = std::get_if<bid>(&each);
    if (b == nullptr)
      return;
    std::uint32_t& place = bidders.at(b->bidder);
    if (place == 0) {
      sessions.push_back({b->bidder, 0, b->date_time, b->date_time});
      place = static_cast<std::uint32_t>(sessions.size());
    }
    session& now = sessions[place - 1];
    if (now.last + gap < b->date_time) {
      emit(now);
      now = {b->bidder, 0, b->date_time, b->date_time};
    }
    ++now.bids;
    now.last = b->date_time;
  }
  void finish() {
    for (const session& each : sessions)
      emit(each);
  }
  void emit(const session& each) {
    rows.add(row{each.bidder, each.bids, each.first, each.last + gap});
  }
};

} // namespace flow::bench::nexmark_loops
