#pragma once

#include "apps/nexmark/queries/ranks.hpp"
#include "libflow/connectors/csv/csv_writer.hpp"

namespace nexmark {

/// What q15 and q16 count: bids, distinct bidders and distinct auctions.
struct day_totals {
  rank_counts bids;
  rank_counts bidders;
  rank_counts auctions;

  day_totals& operator+=(const day_totals& other) {
    bids += other.bids;
    bidders += other.bidders;
    auctions += other.auctions;
    return *this;
  }
};

inline constexpr const char* total_columns =
  "total_bids,rank1_bids,rank2_bids,rank3_bids,total_bidders,rank1_bidders,"
  "rank2_bidders,rank3_bidders,total_auctions,rank1_auctions,rank2_auctions,"
  "rank3_auctions";

inline void write_totals(const day_totals& each, flow::csv_writer& to) {
  for (const rank_counts* counts : {&each.bids, &each.bidders, &each.auctions})
    to.integer(counts->total)
      .integer(counts->rank1)
      .integer(counts->rank2)
      .integer(counts->rank3);
}

} // namespace nexmark
