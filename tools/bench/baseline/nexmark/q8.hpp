#pragma once

#include "apps/nexmark/queries/windows.hpp"
#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

struct q8 {
  struct row {
    std::int64_t id;
    text name;
    timestamp window_start;
  };
  struct known {
    bool sells = false;
    bool is_new = false;
    text name;
  };
  struct window {
    table<std::int64_t, known> people;
  };
  row_sink rows;
  std::map<timestamp, window> windows; // by start

  void add(const event& each) {
    if (const auto* sale = std::get_if<auction>(&each)) {
      known& seller = find(sale->date_time, sale->seller);
      if (!seller.sells && seller.is_new)
        emit(sale->seller, seller.name, sale->date_time);
      seller.sells = true;
    } else if (const auto* one = std::get_if<person>(&each)) {
      known& seller = find(one->date_time, one->id);
      if (seller.sells)
        emit(one->id, one->name, one->date_time);
      seller.is_new = true;
      seller.name = one->name;
    }
  }

  known& find(timestamp time, std::int64_t id) {
    const timestamp start = ::nexmark::window_start(time, ::nexmark::window_ms);
    while (!windows.empty() && windows.begin()->first + 20'000 < start)
      windows.erase(windows.begin());
    return windows[start].people.at(id);
  }
  void emit(std::int64_t id, const text& name, timestamp time) {
    rows.add(row{id, text::borrow(name),
                 ::nexmark::window_start(time, ::nexmark::window_ms)});
  }
};

} // namespace flow::bench::nexmark_loops
