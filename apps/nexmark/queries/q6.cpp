#include <algorithm>

#include "apps/nexmark/queries/sums.hpp"
#include "apps/nexmark/queries/trades.hpp"
#include "apps/nexmark/queries/winning_bids.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

/// A winning bid, ordered by time.
struct winner {
  flow::timestamp date_time = 0;
  std::uint64_t position = 0;
  std::int64_t price = 0;

  friend bool operator<(const winner& a, const winner& b) {
    return std::tie(a.date_time, a.position)
           < std::tie(b.date_time, b.position);
  }
};

/// One of a seller's auctions has another winner.
struct winner_change {
  std::int64_t seller = 0;
  bool replaces = false;
  winner before; ///< the one replaced
  winner now;
};

struct row {
  std::int64_t seller = 0;
  std::int64_t avg_price = 0;
};

winner winner_of(const offer_facts& offer) {
  return {offer.date_time, offer.position, offer.price};
}

class find_winners {
public:
  void open(flow::keyed_runtime_context<std::int64_t>& context) {
    winners_.open(context);
  }

  void process(const trade& each, flow::keyed_context<std::int64_t>&,
               flow::collector<winner_change>& out) {
    winner_change found;
    const auto lost = [&](const sale_facts&, const offer_facts& former) {
      found.replaces = true;
      found.before = winner_of(former);
    };
    const auto won = [&](const sale_facts& sale, const offer_facts& best) {
      found.seller = sale.group;
      found.now = winner_of(best);
      out.emit(found);
    };
    if (const auto* offer = std::get_if<offer_facts>(&each))
      winners_.add(*offer, lost, won);
    else
      winners_.open_sale(std::get<sale_facts>(each), won);
  }

private:
  winning_bids<sale_facts, offer_facts> winners_;
};

struct seller_record {
  /// All: a replacement may bring back one that is not among the last.
  std::vector<winner> winners;
  std::int64_t average = 0;
};

class average_last {
public:
  void open(flow::keyed_runtime_context<std::int64_t>& context) {
    record_ =
      context.state(flow::value_state_descriptor<seller_record>{"winners"});
  }

  void process(const winner_change& each, flow::keyed_context<std::int64_t>&,
               flow::collector<changed<row>>& out) {
    const bool first = record_.value().winners.empty();
    const std::int64_t before = record_.value().average;
    std::int64_t now = 0;
    record_.update([&](seller_record& record) {
      apply(each, record.winners);
      now = record.average = average_of(record.winners);
    });
    if (first) {
      out.emit({change::insert, {each.seller, now}});
    } else if (now != before) {
      out.emit({change::update_before, {each.seller, before}});
      out.emit({change::update_after, {each.seller, now}});
    }
  }

private:
  static constexpr std::ptrdiff_t averaged = 10;

  static void apply(const winner_change& each, std::vector<winner>& to) {
    if (each.replaces)
      to.erase(std::lower_bound(to.begin(), to.end(), each.before));
    to.insert(std::lower_bound(to.begin(), to.end(), each.now), each.now);
  }

  static std::int64_t average_of(const std::vector<winner>& winners) {
    const auto count = std::min(std::ssize(winners), averaged);
    std::int64_t sum = 0;
    for (auto at = winners.end() - count; at != winners.end(); ++at)
      add_to(sum, at->price);
    return sum / count;
  }

  flow::value_state<seller_record> record_;
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.seller).integer(each.avg_price);
};

} // namespace

/// Average of each seller's last ten winning bids.
void compose_q6(const query_context& context) {
  auto trades = context.events.flat_map<trade>(trades_of{&auction::seller});
  trades.uid("trades").name("auctions and bids");
  auto winners =
    trades.key_by(auction_of).process<winner_change>(find_winners{});
  winners.uid("winners").name("winning bids");
  auto averages = winners.key_by(&winner_change::seller)
                    .process<changed<row>>(average_last{});
  averages.uid("average").name("average per seller");
  context.finish(averages, "seller,avg_price", write);
}

} // namespace nexmark
