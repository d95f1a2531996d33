#pragma once

#include <cstdint>
#include <variant>

#include "apps/nexmark/queries/lent.hpp"
#include "libflow/connectors/csv/csv_writer.hpp"

namespace nexmark {

/// A bid, as a query needs it, or an auction with its texts.
template <class Offer>
using offer_or_sale = std::variant<Offer, auction>;

/// The auction that one of these is about.
inline constexpr auto auction_id_of =
  []<class Offer>(const offer_or_sale<Offer>& each) -> const std::int64_t& {
  const auto* offer = std::get_if<Offer>(&each);
  return offer != nullptr ? offer->auction : std::get_if<auction>(&each)->id;
};

/// What the results of joins show of an auction.
struct sale_row {
  flow::text item_name;
  flow::text description;
  std::int64_t initial_bid = 0;
  std::int64_t reserve = 0;
  flow::timestamp date_time = 0;
  flow::timestamp expires = 0;
  std::int64_t seller = 0;
  std::int64_t category = 0;
  flow::text extra;
};

/// The row borrows its texts: emit it before the auction changes.
inline sale_row row_of(const auction& from) {
  return {lent(from.item_name), lent(from.description), from.initial_bid,
          from.reserve,         from.date_time,         from.expires,
          from.seller,          from.category,          lent(from.extra)};
}

inline constexpr auto write_sale = [](const sale_row& each,
                                      flow::csv_writer& to) {
  to.text(each.item_name)
    .text(each.description)
    .integer(each.initial_bid)
    .integer(each.reserve)
    .integer(each.date_time)
    .integer(each.expires)
    .integer(each.seller)
    .integer(each.category)
    .text(each.extra);
};

} // namespace nexmark
