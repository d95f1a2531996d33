#pragma once

#include "apps/nexmark/queries/windows.hpp"
#include "tools/bench/baseline/nexmark/q0.hpp"

namespace flow::bench::nexmark_loops {

/// Keeps the bids of a window that were the highest when they came.
struct q7 {
  struct window {
    std::int64_t highest = INT64_MIN;
    std::vector<bid> candidates;
  };
  row_sink rows;
  std::map<timestamp, window> windows; // by end
  timestamp last_end = INT64_MIN;
  window* last = nullptr;

  void add(const event& each) {
    const bid* b = std::get_if<bid>(&each);
    if (b == nullptr)
      return;
    constexpr timestamp size = ::nexmark::window_ms;
    const timestamp start = ::nexmark::window_start(b->date_time, size);
    if (start + size != last_end)
      turn_to(start + size);
    if (start == b->date_time)
      if (const auto before = windows.find(start);
          before != windows.end() && b->price >= before->second.highest)
        before->second.candidates.push_back(*b);
    if (b->price < last->highest)
      return;
    if (b->price > last->highest)
      last->candidates.clear();
    last->highest = b->price;
    last->candidates.push_back(*b);
  }

  void turn_to(timestamp end) {
    last = &windows[end];
    last_end = end;
    while (windows.begin()->first + 4000 < end - ::nexmark::window_ms)
      fire();
  }
  void fire() {
    const auto first = windows.begin();
    for (const bid& b : first->second.candidates)
      if (b.price == first->second.highest)
        rows.add(q0::row{b.auction, b.bidder, b.price, b.date_time,
                         text::borrow(b.extra)});
    windows.erase(first);
  }
  void finish() {
    while (!windows.empty())
      fire();
  }
};

} // namespace flow::bench::nexmark_loops
