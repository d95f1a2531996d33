#include <algorithm>
#include <array>
#include <vector>

#include "apps/nexmark/queries/packed_bid.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

constexpr std::size_t kept = 10;

struct row {
  packed_bid bid;
  std::int64_t rank_number = 0;
};

/// The higher price ranks first, then the earlier event.
bool ranks_before(const packed_bid& a, const packed_bid& b) {
  return a.price != b.price ? a.price > b.price : a.position < b.position;
}

/// Drops bids that ten better ones on their auction came before, here: they
/// are not among the best. Remembers the auctions that were bid on last; what
/// it has forgotten it lets through.
class drop_hopeless {
public:
  drop_hopeless() : auctions_(remembered) {}

  void operator()(const event& each, flow::collector<packed_bid>& out) {
    const auto* offer = std::get_if<bid>(&each);
    if (offer != nullptr
        && slot_of(offer->auction).improves(offer->auction, offer->price))
      out.emit(pack_(*offer));
  }

private:
  static constexpr std::size_t remembered = 1024;

  struct best_prices {
    std::int64_t auction = -1;
    std::size_t count = 0;
    std::array<std::int64_t, kept> prices{}; ///< falling

    /// Whether the price is among the best, where it is then.
    bool improves(std::int64_t id, std::int64_t price) {
      if (auction != id) {
        auction = id;
        count = 0;
      }
      if (count == kept && price <= prices.back())
        return false;
      std::size_t at = count < kept ? count++ : kept - 1;
      for (; at > 0 && prices[at - 1] < price; --at)
        prices[at] = prices[at - 1];
      prices[at] = price;
      return true;
    }
  };

  best_prices& slot_of(std::int64_t auction) {
    return auctions_[static_cast<std::uint64_t>(auction) % remembered];
  }

  std::vector<best_prices> auctions_;
  bid_packer pack_;
};

class keep_best {
public:
  void open(flow::keyed_runtime_context<std::int64_t>& context) {
    best_ = context.state(
      flow::value_state_descriptor<std::vector<packed_bid>>{"best"});
  }

  void process(const packed_bid& each, flow::keyed_context<std::int64_t>&,
               flow::collector<changed<row>>& out) {
    const auto& before = best_.value();
    const auto place =
      std::upper_bound(before.begin(), before.end(), each, ranks_before);
    const auto index = static_cast<std::size_t>(place - before.begin());
    if (index == kept)
      return;
    emit_changes(before, index, each, out);
    best_.update([&](std::vector<packed_bid>& best) {
      best.reserve(kept);
      if (best.size() == kept)
        best.pop_back();
      best.insert(best.begin() + static_cast<std::ptrdiff_t>(index), each);
    });
  }

private:
  /// The bid takes its rank, those behind it the next.
  static void emit_changes(const std::vector<packed_bid>& before,
                           std::size_t index, const packed_bid& added,
                           flow::collector<changed<row>>& out) {
    const packed_bid* next = &added;
    for (std::size_t i = index; i < before.size(); ++i) {
      out.emit({change::update_before, make_row(before[i], i)});
      out.emit({change::update_after, make_row(*next, i)});
      next = &before[i];
    }
    if (before.size() < kept)
      out.emit({change::insert, make_row(*next, before.size())});
  }

  static row make_row(const packed_bid& from, std::size_t index) {
    return {lent(from), static_cast<std::int64_t>(index) + 1};
  }

  flow::value_state<std::vector<packed_bid>> best_;
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  write_bid(each.bid, to);
  to.integer(each.rank_number);
};

} // namespace

/// The ten highest bids on each auction, with their ranks.
void compose_q19(const query_context& context) {
  auto bids = context.events.flat_map<packed_bid>(drop_hopeless{});
  bids.uid("bids").name("bids that may rank");
  auto best =
    bids.key_by(&packed_bid::auction).process<changed<row>>(keep_best{});
  best.uid("best").name("ten best bids");
  context.finish(best, std::string{bid_columns} + ",rank_number", write);
}

} // namespace nexmark
