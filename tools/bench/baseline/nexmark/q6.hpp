#pragma once

#include "tools/bench/baseline/nexmark/winners.hpp"

namespace flow::bench::nexmark_loops {

struct q6 {
  struct row {
    std::int64_t seller, avg_price;
  };
  struct sold {
    timestamp date_time;
    std::uint64_t position;
    std::int64_t price;
    bool operator<(const sold& b) const {
      return std::tie(date_time, position) < std::tie(b.date_time, b.position);
    }
  };
  struct record {
    std::vector<sold> all;
    std::int64_t average = 0;
  };
  using offer = ::nexmark::offer_facts;
  struct on_change {
    q6* self;
    void operator()(const ::nexmark::sale_facts& sale, const offer* before,
                    const offer& now) const {
      self->change_average(sale.group, before, now);
    }
  };
  row_sink rows;
  winners<on_change> best{on_change{this}};
  table<std::int64_t, record> sellers;

  void add(const event& each) { best.add(each, &auction::seller); }

  static sold of(const offer& from) {
    return {from.date_time, from.position, from.price};
  }

  void change_average(std::int64_t seller, const offer* before,
                      const offer& now) {
    record& their = sellers.at(seller);
    const bool first = their.all.empty();
    const std::int64_t average = their.average;
    if (before != nullptr)
      their.all.erase(
        std::lower_bound(their.all.begin(), their.all.end(), of(*before)));
    their.all.insert(
      std::lower_bound(their.all.begin(), their.all.end(), of(now)), of(now));
    const std::size_t count = std::min<std::size_t>(10, their.all.size());
    std::int64_t sum = 0;
    for (std::size_t i = their.all.size() - count; i < their.all.size(); ++i)
      sum += their.all[i].price;
    their.average = sum / static_cast<std::int64_t>(count);
    if (first) {
      rows.add(change::insert, row{seller, their.average});
    } else if (average != their.average) {
      rows.add(change::update_before, row{seller, average});
      rows.add(change::update_after, row{seller, their.average});
    }
  }
};

} // namespace flow::bench::nexmark_loops
