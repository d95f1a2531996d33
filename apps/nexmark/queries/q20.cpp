#include <limits>
#include <optional>
#include <vector>

#include "apps/nexmark/queries/packed_bid.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

constexpr std::int64_t wanted_category = 10;

using trade = std::variant<packed_bid, auction>;

struct row {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::text channel;
  flow::text url;
  flow::timestamp bid_date_time = 0;
  flow::text bid_extra;
  flow::text item_name;
  flow::text description;
  std::int64_t initial_bid = 0;
  std::int64_t reserve = 0;
  flow::timestamp auction_date_time = 0;
  flow::timestamp expires = 0;
  std::int64_t seller = 0;
  std::int64_t category = 0;
  flow::text auction_extra;
};

/// Drops bids on auctions of other categories that have come by here; which
/// those were last it remembers. They go along without their texts: bids on
/// them need not wait any longer.
class select {
public:
  select() : dropped_(remembered, std::numeric_limits<std::int64_t>::min()) {}

  void operator()(const event& each, flow::collector<trade>& out) {
    if (const auto* offer = std::get_if<bid>(&each)) {
      if (place_of(offer->auction) != offer->auction)
        pass(*offer, out);
    } else if (const auto* sale = std::get_if<auction>(&each)) {
      pass(*sale, out);
    }
  }

private:
  static constexpr std::size_t remembered = 4096;

  void pass(const bid& offer, flow::collector<trade>& out) {
    pack_(offer, next_.emplace<packed_bid>());
    out.emit(std::as_const(next_));
  }

  void pass(const auction& sale, flow::collector<trade>& out) {
    auto& to = next_.emplace<auction>();
    if (sale.category == wanted_category) {
      lend(sale, to);
    } else {
      place_of(sale.id) = sale.id;
      to.id = sale.id;
      to.category = sale.category;
    }
    out.emit(std::as_const(next_));
  }

  std::int64_t& place_of(std::int64_t auction) {
    return dropped_[static_cast<std::uint64_t>(auction) % remembered];
  }

  std::vector<std::int64_t> dropped_; ///< ids
  bid_packer pack_;
  trade next_; ///< borrows
};

constexpr auto auction_of = [](const trade& each) -> const std::int64_t& {
  const auto* offer = std::get_if<packed_bid>(&each);
  return offer != nullptr ? offer->auction : std::get_if<auction>(&each)->id;
};

row row_of(const packed_bid& offer, const auction& sale) {
  return {offer.auction,         offer.bidder,         offer.price,
          lent(offer.channel()), lent(offer.url()),    offer.date_time,
          lent(offer.extra()),   lent(sale.item_name), lent(sale.description),
          sale.initial_bid,      sale.reserve,         sale.date_time,
          sale.expires,          sale.seller,          sale.category,
          lent(sale.extra)};
}

/// What is known of one auction.
struct known {
  std::optional<auction> sale;
  std::vector<packed_bid> early; ///< bids that came before it
};

/// Joins bids with their auction; either may come first. Ids of auctions are
/// unique.
class join {
public:
  void open(flow::keyed_runtime_context<std::int64_t>& context) {
    known_ = context.state(flow::value_state_descriptor<known>{"known"});
  }

  void process(const trade& each, flow::keyed_context<std::int64_t>&,
               flow::collector<row>& out) {
    const auto* offer = std::get_if<packed_bid>(&each);
    const known& now = known_.value();
    if (offer == nullptr) {
      const auto& sale = std::get<auction>(each);
      for (const packed_bid& early : now.early)
        emit(early, sale, out);
      known_.set(known{sale, {}});
    } else if (now.sale) {
      emit(*offer, *now.sale, out);
    } else {
      known_.update([&](known& next) { next.early.push_back(*offer); });
    }
  }

private:
  static void emit(const packed_bid& offer, const auction& sale,
                   flow::collector<row>& out) {
    if (sale.category == wanted_category)
      out.emit(row_of(offer, sale));
  }

  flow::value_state<known> known_;
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.auction)
    .integer(each.bidder)
    .integer(each.price)
    .text(each.channel)
    .text(each.url)
    .integer(each.bid_date_time)
    .text(each.bid_extra)
    .text(each.item_name)
    .text(each.description)
    .integer(each.initial_bid)
    .integer(each.reserve)
    .integer(each.auction_date_time)
    .integer(each.expires)
    .integer(each.seller)
    .integer(each.category)
    .text(each.auction_extra);
};

} // namespace

/// Bids with their auction, of one category.
void compose_q20(const query_context& context) {
  auto trades = context.events.flat_map<trade>(select{});
  trades.uid("trades").name("auctions and bids");
  auto joined = trades.key_by(auction_of).process<row>(join{});
  joined.uid("join").name("join on auction");
  context.finish(
    joined,
    "auction,bidder,price,channel,url,bid_dateTime,bid_extra,itemName,"
    "description,initialBid,reserve,auction_dateTime,expires,seller,category,"
    "auction_extra",
    write);
}

} // namespace nexmark
