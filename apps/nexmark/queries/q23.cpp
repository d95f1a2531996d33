#include <optional>
#include <vector>

#include "apps/nexmark/queries/packed_bid.hpp"
#include "apps/nexmark/queries/sales.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

struct row {
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::text channel;
  flow::text url;
  flow::text bid_extra;
  std::int64_t person_id = 0;
  flow::text name;
  flow::text email_address;
  flow::text credit_card;
  flow::text city;
  flow::text state;
  flow::text person_extra;
  sale_row sale;
};

/// The person that an event is about: who bids, who sells, or who it is.
constexpr auto person_of = [](const event& each) -> const std::int64_t& {
  if (const auto* offer = std::get_if<bid>(&each))
    return offer->bidder;
  if (const auto* sale = std::get_if<auction>(&each))
    return sale->seller;
  return std::get_if<person>(&each)->id;
};

row row_of(const packed_bid& offer, const person& one, const auction& sale) {
  return {offer.bidder,          offer.price,
          lent(offer.channel),   lent(offer.url()),
          lent(offer.extra()),   one.id,
          lent(one.name),        lent(one.email_address),
          lent(one.credit_card), lent(one.city),
          lent(one.state),       lent(one.extra),
          row_of(sale)};
}

/// What is known of one person.
struct known {
  std::optional<person> details;
  std::vector<packed_bid> bids;
  std::vector<auction> sales;
};

/// Joins each person's bids with each of their auctions. Ids of persons are
/// unique.
class join {
public:
  void open(flow::keyed_runtime_context<std::int64_t>& context) {
    known_ = context.state(flow::value_state_descriptor<known>{"known"});
  }

  void process(const event& each, flow::keyed_context<std::int64_t>&,
               flow::collector<row>& out) {
    const known& now = known_.value();
    if (const auto* offer = std::get_if<bid>(&each)) {
      packed_bid packed;
      pack_(*offer, packed);
      if (now.details)
        for (const auction& sale : now.sales)
          out.emit(row_of(packed, *now.details, sale));
      known_.update([&](known& next) { next.bids.push_back(packed); });
    } else if (const auto* sale = std::get_if<auction>(&each)) {
      if (now.details)
        for (const packed_bid& early : now.bids)
          out.emit(row_of(early, *now.details, *sale));
      known_.update([&](known& next) { next.sales.push_back(*sale); });
    } else {
      const auto& one = std::get<person>(each);
      for (const packed_bid& early : now.bids)
        for (const auction& early_sale : now.sales)
          out.emit(row_of(early, one, early_sale));
      known_.update([&](known& next) { next.details = one; });
    }
  }

private:
  flow::value_state<known> known_;
  bid_packer pack_;
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.bidder)
    .integer(each.price)
    .text(each.channel)
    .text(each.url)
    .text(each.bid_extra)
    .integer(each.person_id)
    .text(each.name)
    .text(each.email_address)
    .text(each.credit_card)
    .text(each.city)
    .text(each.state)
    .text(each.person_extra);
  write_sale(each.sale, to);
};

} // namespace

/// Bids with their bidder and with each auction that the bidder sells.
void compose_q23(const query_context& context) {
  auto joined = context.events.key_by(person_of).process<row>(join{});
  joined.uid("join").name("join on person");
  context.finish(
    joined,
    "bidder,price,channel,url,bid_extra,person_id,name,emailAddress,"
    "creditCard,city,state,person_extra,itemName,description,initialBid,"
    "reserve,auction_dateTime,expires,seller,category,auction_extra",
    write);
}

} // namespace nexmark
