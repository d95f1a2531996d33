#include "apps/nexmark/queries/lent.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

struct row {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::timestamp date_time = 0;
  flow::text value;
};

class look_up {
public:
  explicit look_up(std::shared_ptr<const side_table> table)
    : table_(std::move(table)) {}

  void operator()(const event& each, flow::collector<row>& out) const {
    const bid* offer = std::get_if<bid>(&each);
    if (offer == nullptr)
      return;
    for (const flow::text& value : table_->find(offer->auction))
      out.emit(row{offer->auction, offer->bidder, offer->price,
                   offer->date_time, lent(value)});
  }

private:
  std::shared_ptr<const side_table> table_;
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.auction)
    .integer(each.bidder)
    .integer(each.price)
    .integer(each.date_time)
    .text(each.value);
};

} // namespace

/// Bounded side input: bids joined with a table.
void compose_q13(const query_context& context) {
  auto bids = context.events.flat_map<row>(look_up{context.side_input});
  bids.uid("bids").name("bids with value");
  context.finish(bids, "auction,bidder,price,dateTime,value", write);
}

} // namespace nexmark
