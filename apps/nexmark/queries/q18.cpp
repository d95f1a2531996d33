#include <optional>
#include <tuple>

#include "apps/nexmark/queries/combiner.hpp"
#include "apps/nexmark/queries/packed_bid.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

struct bidder_auction {
  std::int64_t bidder = 0;
  std::int64_t auction = 0;

  friend bool operator==(const bidder_auction&,
                         const bidder_auction&) = default;
};

constexpr auto key_of = [](const auto& each) -> bidder_auction {
  return {each.bidder, each.auction};
};

/// Of bids at one time the later event is the last.
template <class Bid>
bool is_later(const Bid& a, const Bid& b) {
  return std::tie(a.date_time, a.position) > std::tie(b.date_time, b.position);
}

/// Keeps the last bids among a few, before they are sent on.
class keep_last_of_few {
public:
  void operator()(const event& each, flow::collector<packed_bid>&) {
    const auto* offer = std::get_if<bid>(&each);
    if (offer == nullptr)
      return;
    const bid*& last = last_.find(key_of(*offer), offer);
    if (is_later(*offer, *last))
      last = offer;
  }

  void end_batch(flow::collector<packed_bid>& out) {
    last_.drain(
      [&](const bidder_auction&, const bid* last) { out.emit(pack_(*last)); });
  }

private:
  bid_packer pack_;
  combiner<bidder_auction, const bid*> last_;
};

class keep_last {
public:
  void open(flow::keyed_runtime_context<bidder_auction>& context) {
    last_ = context.state(flow::value_state_descriptor<packed_bid>{"last"});
  }

  void process(const packed_bid& each, flow::keyed_context<bidder_auction>&,
               flow::collector<changed<packed_bid>>& out) {
    auto op = change::insert;
    if (last_.has_value()) {
      if (!is_later(each, last_.value()))
        return;
      out.emit({change::update_before, lent(last_.value())});
      op = change::update_after;
    }
    out.emit({op, lent(each)});
    last_.update([&](packed_bid& last) { last = each; });
  }

private:
  flow::value_state<packed_bid> last_;
};

} // namespace

/// The last bid of each bidder on each auction.
void compose_q18(const query_context& context) {
  auto bids = context.events.flat_map<packed_bid>(keep_last_of_few{});
  bids.uid("bids").name("last of a few bids");
  auto last = bids.key_by(key_of).process<changed<packed_bid>>(keep_last{});
  last.uid("last").name("last bid");
  context.finish(last, bid_columns, write_bid);
}

} // namespace nexmark
