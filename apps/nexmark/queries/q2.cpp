#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

struct row {
  std::int64_t auction = 0;
  std::int64_t price = 0;
};

constexpr auto select = [](const event& each, flow::collector<row>& out) {
  if (const bid* offer = std::get_if<bid>(&each);
      offer != nullptr && offer->auction % 123 == 0)
    out.emit(row{offer->auction, offer->price});
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.auction).integer(each.price);
};

} // namespace

/// Selection: bids on some auctions.
void compose_q2(const query_context& context) {
  auto bids = context.events.flat_map(select);
  bids.uid("bids").name("selected bids");
  context.finish(bids, "auction,price", write);
}

} // namespace nexmark
