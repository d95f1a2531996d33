#pragma once

#include <cstdint>
#include <type_traits>
#include <variant>

#include "apps/nexmark/event.hpp"
#include "apps/nexmark/queries/beaten_bids.hpp"

namespace nexmark {

/// What the averages of winning bids need of a bid.
struct offer_facts {
  std::int64_t auction = 0;
  flow::timestamp date_time = 0;
  std::uint64_t position = 0;
  std::int64_t price = 0;
};

/// And of an auction; `group` is what prices are averaged by.
struct sale_facts {
  std::int64_t auction = 0;
  flow::timestamp date_time = 0;
  flow::timestamp expires = 0;
  std::int64_t group = 0;
};

/// A bid or an auction: plain bytes, which travel fast.
using trade = std::variant<offer_facts, sale_facts>;
static_assert(std::is_trivially_copyable_v<trade>);

inline constexpr auto auction_of =
  [](const trade& each) -> const std::int64_t& {
  const auto* offer = std::get_if<offer_facts>(&each);
  return offer != nullptr ? offer->auction
                          : std::get_if<sale_facts>(&each)->auction;
};

/// Makes trades of events, with a field of the auction as group. Leaves out
/// bids that cannot win.
class trades_of {
public:
  explicit trades_of(std::int64_t auction::*group) : group_(group) {}

  void operator()(const event& each, flow::collector<trade>& out) {
    if (const auto* offer = std::get_if<bid>(&each)) {
      if (bids_.may_win(*offer))
        out.emit(offer_facts{offer->auction, offer->date_time, offer->position,
                             offer->price});
    } else if (const auto* sale = std::get_if<auction>(&each)) {
      bids_.remember(*sale);
      out.emit(
        sale_facts{sale->id, sale->date_time, sale->expires, sale->*group_});
    }
  }

private:
  beaten_bids bids_;
  std::int64_t auction::*group_;
};

} // namespace nexmark
