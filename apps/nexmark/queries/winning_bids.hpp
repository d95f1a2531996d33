#pragma once

#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "libflow/flow.hpp"

namespace nexmark {

/// Whether a bid lies in its auction's time, both ends included.
template <class Sale, class Offer>
[[nodiscard]] bool is_valid(const Sale& sale, const Offer& offer) {
  return sale.date_time <= offer.date_time && offer.date_time <= sale.expires;
}

/// Whether a bid wins over another: the higher price, then the earlier time,
/// then the earlier event.
template <class Offer>
[[nodiscard]] bool beats(const Offer& a, const Offer& b) {
  if (a.price != b.price)
    return a.price > b.price;
  return std::tie(a.date_time, a.position) < std::tie(b.date_time, b.position);
}

/// What is known of one auction.
template <class Sale, class Offer>
struct bidding {
  std::optional<Sale> sale;
  std::optional<Offer> best; ///< of the valid bids
  std::vector<Offer> early;  ///< bids that came before the auction
};

/// Finds the best bid of each auction, whatever order auction and bids come
/// in. Ids of auctions are unique.
/// Owner: a keyed function, which opens it. @thread the subtask
template <class Sale, class Offer>
class winning_bids {
public:
  void open(flow::keyed_runtime_context<std::int64_t>& context) {
    bidding_ =
      context.state(flow::value_state_descriptor<bidding<Sale, Offer>>{"bids"});
  }

  /// Takes a bid in. Calls lost(sale, offer) for the best one that it beats,
  /// if there was one, then won(sale, offer).
  template <class Lost, class Won>
  void add(const Offer& offer, Lost&& lost, Won&& won) {
    const auto& now = bidding_.value();
    if (!now.sale) {
      bidding_.update([&](auto& next) { next.early.push_back(offer); });
      return;
    }
    if (!is_valid(*now.sale, offer) || (now.best && !beats(offer, *now.best)))
      return;
    if (now.best)
      lost(*now.sale, *now.best);
    won(*now.sale, offer);
    bidding_.update([&](auto& next) { next.best = offer; });
  }

  /// Takes an auction in and calls won(sale, offer) if there is a bid.
  template <class Won>
  void open_sale(const Sale& sale, Won&& won) {
    bidding_.update([&](auto& next) {
      for (Offer& offer : std::exchange(next.early, {}))
        if (is_valid(sale, offer) && (!next.best || beats(offer, *next.best)))
          next.best = std::move(offer);
      next.sale = sale;
    });
    const auto& now = bidding_.value();
    if (now.best)
      won(*now.sale, *now.best);
  }

private:
  flow::value_state<bidding<Sale, Offer>> bidding_;
};

} // namespace nexmark
