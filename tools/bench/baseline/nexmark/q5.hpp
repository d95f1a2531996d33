#pragma once

#include "apps/nexmark/queries/windows.hpp"
#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

/// A table a slide; a window adds up five of them.
struct q5 {
  struct row {
    timestamp window_start, window_end;
    std::int64_t auction, num;
  };
  static constexpr timestamp slide = 2000;
  static constexpr timestamp size = 10'000;
  static constexpr timestamp bound = 4000;
  using counts = std::vector<std::int64_t>;
  struct slice {
    table<std::int64_t, std::uint32_t> index;
    std::vector<std::pair<std::int64_t, std::int64_t>> bids;
  };
  row_sink rows;
  std::map<timestamp, slice> slices; // by start
  timestamp last_start = INT64_MIN;
  slice* last = nullptr;

  void add(const event& each) {
    const bid* b = std::get_if<bid>(&each);
    if (b == nullptr)
      return;
    const timestamp start = ::nexmark::window_start(b->date_time, slide);
    if (start != last_start)
      turn_to(start);
    std::uint32_t& place = last->index.at(b->auction);
    if (place == 0) {
      last->bids.emplace_back(b->auction, 0);
      place = static_cast<std::uint32_t>(last->bids.size());
    }
    ++last->bids[place - 1].second;
  }

  void turn_to(timestamp start) {
    last = &slices[start];
    last_start = start;
    while (slices.begin()->first + size + bound < start)
      fire_first();
  }
  /// Fires the windows that begin with the first slice, or before it.
  void fire_first() {
    const timestamp first = slices.begin()->first;
    if (!fired || *fired < first - size)
      fired = first - size;
    for (timestamp start = *fired + slide; start <= first; start += slide)
      fire(start);
    fired = first;
    slices.erase(slices.begin());
  }
  void fire(timestamp start) {
    table<std::int64_t, std::int64_t> sums;
    std::int64_t most = 0;
    const auto end = slices.lower_bound(start + size);
    for (auto at = slices.lower_bound(start); at != end; ++at)
      for (const auto& [id, bids] : at->second.bids)
        most = std::max(most, sums.at(id) += bids);
    for (auto at = slices.lower_bound(start); at != end; ++at)
      for (const auto& [id, bids] : at->second.bids)
        if (std::exchange(sums.at(id), 0) == most)
          rows.add(row{start, start + size, id, most});
  }
  void finish() {
    while (!slices.empty())
      fire_first();
  }
  std::optional<timestamp> fired; // start of the last window that did
};

} // namespace flow::bench::nexmark_loops
