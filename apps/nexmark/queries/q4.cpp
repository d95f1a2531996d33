#include "apps/nexmark/queries/sums.hpp"
#include "apps/nexmark/queries/trades.hpp"
#include "apps/nexmark/queries/winning_bids.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

/// What a new best bid changes in the average of its category.
struct price_change {
  std::int64_t category = 0;
  std::int64_t count = 0; ///< auctions that got their first bid
  std::int64_t sum = 0;
};

struct row {
  std::int64_t category = 0;
  std::int64_t avg_price = 0;
};

class find_highest {
public:
  void open(flow::keyed_runtime_context<std::int64_t>& context) {
    winners_.open(context);
  }

  void process(const trade& each, flow::keyed_context<std::int64_t>&,
               flow::collector<price_change>& out) {
    std::int64_t before = 0;
    std::int64_t fresh = 1;
    const auto lost = [&](const sale_facts&, const offer_facts& former) {
      before = former.price;
      fresh = 0;
    };
    const auto won = [&](const sale_facts& sale, const offer_facts& best) {
      if (fresh > 0 || best.price != before)
        out.emit(price_change{sale.group, fresh, best.price - before});
    };
    if (const auto* offer = std::get_if<offer_facts>(&each))
      winners_.add(*offer, lost, won);
    else
      winners_.open_sale(std::get<sale_facts>(each), won);
  }

private:
  winning_bids<sale_facts, offer_facts> winners_;
};

struct prices {
  std::int64_t count = 0;
  std::int64_t sum = 0;

  [[nodiscard]] std::int64_t average() const { return sum / count; }
};

class average {
public:
  void open(flow::keyed_runtime_context<std::int64_t>& context) {
    prices_ = context.state(flow::value_state_descriptor<prices>{"prices"});
  }

  void process(const price_change& each, flow::keyed_context<std::int64_t>&,
               flow::collector<changed<row>>& out) {
    const prices before = prices_.value();
    prices now = before;
    now.count += each.count;
    add_to(now.sum, each.sum);
    prices_.set(now);
    const row next{each.category, now.average()};
    if (before.count == 0) {
      out.emit({change::insert, next});
    } else if (before.average() != next.avg_price) {
      out.emit({change::update_before, {each.category, before.average()}});
      out.emit({change::update_after, next});
    }
  }

private:
  flow::value_state<prices> prices_;
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.category).integer(each.avg_price);
};

} // namespace

/// Average of the highest bids of each category's auctions.
void compose_q4(const query_context& context) {
  auto trades = context.events.flat_map<trade>(trades_of{&auction::category});
  trades.uid("trades").name("auctions and bids");
  auto highest =
    trades.key_by(auction_of).process<price_change>(find_highest{});
  highest.uid("highest").name("highest bids");
  auto averages =
    highest.key_by(&price_change::category).process<changed<row>>(average{});
  averages.uid("average").name("average per category");
  context.finish(averages, "category,avg_price", write);
}

} // namespace nexmark
