#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "apps/nexmark/event.hpp"
#include "apps/nexmark/queries/winning_bids.hpp"

namespace nexmark {

/// Finds bids that cannot win, before they are sent on: those outside of their
/// auction's time, and those that a bid which came by here beats and which lies
/// in the auction's time if they do. That is known once the auction itself has
/// come by; before, of bids of one time only.
///
/// Remembers the auctions that came last. It is no state: what it has forgotten
/// it lets through, and no winner changes.
/// Owner: a function object. @thread the subtask
class beaten_bids {
public:
  beaten_bids() : auctions_(remembered) {}

  /// Whether the bid may win; it is remembered then.
  bool may_win(const bid& offer) {
    memory& found = memory_of(offer.auction);
    if (found.is_known && !is_valid(found, offer))
      return false;
    const bool compares =
      found.has_best
      && (found.is_known || found.best.date_time == offer.date_time);
    if (compares && !beats(offer, found.best))
      return false;
    found.has_best = true;
    found.best = {offer.price, offer.date_time, offer.position};
    return true;
  }

  void remember(const auction& sale) {
    memory& found = memory_of(sale.id);
    found.is_known = true;
    found.date_time = sale.date_time;
    found.expires = sale.expires;
    found.has_best = found.has_best && is_valid(found, found.best);
  }

private:
  static constexpr std::size_t remembered = 1024;

  /// What decides between bids.
  struct merit {
    std::int64_t price = 0;
    flow::timestamp date_time = 0;
    std::uint64_t position = 0;
  };
  struct memory {
    std::int64_t auction = std::numeric_limits<std::int64_t>::min();
    bool is_known = false; ///< the auction has come by
    bool has_best = false;
    flow::timestamp date_time = 0;
    flow::timestamp expires = 0;
    merit best;
  };

  static bool beats(const bid& a, const merit& b) {
    return nexmark::beats(merit{a.price, a.date_time, a.position}, b);
  }

  memory& memory_of(std::int64_t auction) {
    memory& found = auctions_[static_cast<std::uint64_t>(auction) % remembered];
    if (found.auction != auction) {
      found = {};
      found.auction = auction;
    }
    return found;
  }

  std::vector<memory> auctions_;
};

} // namespace nexmark
