#pragma once

#include "apps/nexmark/event.hpp"
#include "libflow/connectors/csv/csv_writer.hpp"

namespace nexmark {

/// What the results of q18 and q19 show of a bid.
struct bid_row {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::text channel;
  flow::text url;
  flow::timestamp date_time = 0;
  flow::text extra;
};

/// The row borrows its texts: emit it before the bid changes.
inline bid_row row_of(const bid& from) {
  return {from.auction,
          from.bidder,
          from.price,
          flow::text::borrow(from.channel),
          flow::text::borrow(from.url),
          from.date_time,
          flow::text::borrow(from.extra)};
}

inline constexpr const char* bid_columns =
  "auction,bidder,price,channel,url,dateTime,extra";

inline constexpr auto write_bid = [](const bid_row& each,
                                     flow::csv_writer& to) {
  to.integer(each.auction)
    .integer(each.bidder)
    .integer(each.price)
    .text(each.channel)
    .text(each.url)
    .integer(each.date_time)
    .text(each.extra);
};

} // namespace nexmark
