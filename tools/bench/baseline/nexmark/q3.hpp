#pragma once

#include "tools/bench/baseline/nexmark/loop.hpp"

namespace flow::bench::nexmark_loops {

struct q3 {
  struct row {
    text name, city, state;
    std::int64_t id;
  };
  struct known {
    bool has_person = false;
    text name, city, state;
    std::vector<std::int64_t> auctions;
  };
  row_sink rows;
  table<std::int64_t, known> people;

  void add(const event& each) {
    if (const auto* sale = std::get_if<auction>(&each)) {
      if (sale->category != 10)
        return;
      known& seller = people.at(sale->seller);
      if (seller.has_person)
        emit(seller, sale->id);
      else
        seller.auctions.push_back(sale->id);
    } else if (const auto* one = std::get_if<person>(&each)) {
      if (one->state != "OR" && one->state != "ID" && one->state != "CA")
        return;
      known& seller = people.at(one->id);
      seller = {true, one->name, one->city, one->state,
                std::move(seller.auctions)};
      for (const std::int64_t id : std::exchange(seller.auctions, {}))
        emit(seller, id);
    }
  }

  void emit(const known& seller, std::int64_t id) {
    rows.add(row{text::borrow(seller.name), text::borrow(seller.city),
                 text::borrow(seller.state), id});
  }
};

} // namespace flow::bench::nexmark_loops
