#include <array>
#include <atomic>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "apps/nexmark/queries/packed_bid.hpp"
#include "apps/nexmark/queries/sales.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

constexpr std::int64_t wanted_category = 10;

using trade = offer_or_sale<packed_bid>;

struct row {
  packed_bid bid;
  sale_row sale;
};

/// Auctions of other categories, as far as it remembers: those that came last.
/// All subtasks of a process share one, since half of the bids come by where
/// their auction did not. It is no state: of which category an auction is
/// never changes, and what is forgotten is let through.
/// Owner: function objects. @thread any
class other_auctions {
public:
  other_auctions() {
    for (auto& id : ids_)
      id.store(none, std::memory_order_relaxed);
  }

  void add(std::int64_t auction) {
    place_of(auction).store(auction, std::memory_order_relaxed);
  }
  [[nodiscard]] bool has(std::int64_t auction) {
    return place_of(auction).load(std::memory_order_relaxed) == auction
           && auction != none;
  }

private:
  static constexpr std::size_t remembered = 4096;
  static constexpr auto none = std::numeric_limits<std::int64_t>::min();

  std::atomic<std::int64_t>& place_of(std::int64_t auction) {
    return ids_[static_cast<std::uint64_t>(auction) % remembered];
  }

  std::array<std::atomic<std::int64_t>, remembered> ids_;
};

/// Drops bids on auctions of other categories that are known. Those go along
/// without their texts: bids on them need not wait any longer.
class select {
public:
  void operator()(const event& each, flow::collector<trade>& out) {
    if (const auto* offer = std::get_if<bid>(&each)) {
      if (!dropped_->has(offer->auction))
        pass(*offer, out);
    } else if (const auto* sale = std::get_if<auction>(&each)) {
      pass(*sale, out);
    }
  }

private:
  void pass(const bid& offer, flow::collector<trade>& out) {
    pack_(offer, next_.emplace<packed_bid>());
    out.emit(std::as_const(next_));
  }

  void pass(const auction& sale, flow::collector<trade>& out) {
    auto& to = next_.emplace<auction>();
    if (sale.category == wanted_category) {
      lend(sale, to);
    } else {
      dropped_->add(sale.id);
      to.id = sale.id;
      to.category = sale.category;
    }
    out.emit(std::as_const(next_));
  }

  std::shared_ptr<other_auctions> dropped_ =
    std::make_shared<other_auctions>(); ///< of all copies
  bid_packer pack_;
  trade next_; ///< borrows
};

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
      out.emit({lent(offer), row_of(sale)});
  }

  flow::value_state<known> known_;
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  write_bid(each.bid, to);
  write_sale(each.sale, to);
};

} // namespace

/// Bids with their auction, of one category.
void compose_q20(const query_context& context) {
  auto trades = context.events.flat_map<trade>(select{});
  trades.uid("trades").name("auctions and bids");
  auto joined = trades.key_by(auction_id_of).process<row>(join{});
  joined.uid("join").name("join on auction");
  context.finish(
    joined,
    "auction,bidder,price,channel,url,bid_dateTime,bid_extra,itemName,"
    "description,initialBid,reserve,auction_dateTime,expires,seller,category,"
    "auction_extra",
    write);
}

} // namespace nexmark
