#pragma once

#include "tools/bench/baseline/nexmark/winners.hpp"

namespace flow::bench::nexmark_loops {

struct q4 {
  struct row {
    std::int64_t category, avg_price;
  };
  struct prices {
    std::int64_t count = 0, sum = 0;
  };
  struct on_change {
    q4* self;
    void operator()(const ::nexmark::sale_facts& sale,
                    const ::nexmark::offer_facts* before,
                    const ::nexmark::offer_facts& now) const {
      self->change_average(sale.group, before == nullptr ? 1 : 0,
                           now.price - (before != nullptr ? before->price : 0));
    }
  };
  row_sink rows;
  winners<on_change> best{on_change{this}};
  table<std::int64_t, prices> categories;

  void add(const event& each) { best.add(each, &auction::category); }

  void change_average(std::int64_t category, std::int64_t count,
                      std::int64_t sum) {
    prices& now = categories.at(category);
    const prices before = now;
    now.count += count;
    now.sum += sum;
    if (before.count == 0) {
      rows.add(change::insert, row{category, now.sum / now.count});
    } else if (before.sum / before.count != now.sum / now.count) {
      rows.add(change::update_before, row{category, before.sum / before.count});
      rows.add(change::update_after, row{category, now.sum / now.count});
    }
  }
};

} // namespace flow::bench::nexmark_loops
