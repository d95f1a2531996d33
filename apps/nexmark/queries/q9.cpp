#include "apps/nexmark/queries/beaten_bids.hpp"
#include "apps/nexmark/queries/sales.hpp"
#include "apps/nexmark/queries/winning_bids.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

/// What the results show of a bid.
struct offer {
  std::int64_t auction = 0;
  flow::timestamp date_time = 0;
  std::uint64_t position = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::text extra;
};

using trade = offer_or_sale<offer>;

struct row {
  std::int64_t id = 0;
  sale_row sale;
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::timestamp bid_date_time = 0;
  flow::text bid_extra;
};

/// Auctions, and bids that may win.
class select {
public:
  void operator()(const event& each, flow::collector<trade>& out) {
    if (const auto* made = std::get_if<bid>(&each)) {
      if (!bids_.may_win(*made))
        return;
      auto& to = next_.emplace<offer>();
      to.auction = made->auction;
      to.date_time = made->date_time;
      to.position = made->position;
      to.bidder = made->bidder;
      to.price = made->price;
      to.extra.rebind(made->extra);
      out.emit(std::as_const(next_));
    } else if (const auto* sale = std::get_if<auction>(&each)) {
      bids_.remember(*sale);
      lend(*sale, next_.emplace<auction>());
      out.emit(std::as_const(next_));
    }
  }

private:
  trade next_; ///< borrows
  beaten_bids bids_;
};

row row_of(const auction& sale, const offer& best) {
  return {sale.id,    row_of(sale),   best.auction,    best.bidder,
          best.price, best.date_time, lent(best.extra)};
}

class find_winners {
public:
  void open(flow::keyed_runtime_context<std::int64_t>& context) {
    winners_.open(context);
  }

  void process(const trade& each, flow::keyed_context<std::int64_t>&,
               flow::collector<changed<row>>& out) {
    auto op = change::insert;
    const auto lost = [&](const auction& sale, const offer& former) {
      out.emit({change::update_before, row_of(sale, former)});
      op = change::update_after;
    };
    const auto won = [&](const auction& sale, const offer& best) {
      out.emit({op, row_of(sale, best)});
    };
    if (const auto* made = std::get_if<offer>(&each))
      winners_.add(*made, lost, won);
    else
      winners_.open_sale(std::get<auction>(each), won);
  }

private:
  winning_bids<auction, offer> winners_;
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.id);
  write_sale(each.sale, to);
  to.integer(each.auction)
    .integer(each.bidder)
    .integer(each.price)
    .integer(each.bid_date_time)
    .text(each.bid_extra);
};

} // namespace

/// The winning bid of each auction.
void compose_q9(const query_context& context) {
  auto trades = context.events.flat_map<trade>(select{});
  trades.uid("trades").name("auctions and bids");
  auto winners =
    trades.key_by(auction_id_of).process<changed<row>>(find_winners{});
  winners.uid("winners").name("winning bids");
  context.finish(
    winners,
    "id,itemName,description,initialBid,reserve,dateTime,expires,seller,"
    "category,extra,auction,bidder,price,bid_dateTime,bid_extra",
    write);
}

} // namespace nexmark
