#include "apps/nexmark/queries/lent.hpp"
#include "apps/nexmark/queries/partitions.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

constexpr auto pass = [](const event& each, flow::collector<filed_bid>& out) {
  if (const bid* offer = std::get_if<bid>(&each))
    out.emit(filed_bid{offer->auction, offer->bidder, offer->price,
                       offer->date_time, lent(offer->extra)});
};

constexpr auto by_partition = [](const filed_bid& each,
                                 std::uint32_t channels) {
  return static_cast<std::uint32_t>(
    static_cast<std::uint64_t>(partition_of(each)) % channels);
};

} // namespace

/// Log to the file system: bids in a folder for each minute.
void compose_q10(const query_context& context) {
  auto bids = context.events.flat_map<filed_bid>(pass);
  bids.uid("bids").name("bids");
  std::shared_ptr<const flow::sink<filed_bid>> end;
  if (!context.output.empty())
    end = make_partitioned_sink(flow::local_files(),
                                context.output + "/"
                                  + std::string{flow::results_folder},
                                context.out_of_orderness);
  context.finish_in<filed_bid>(bids.partition_custom(by_partition),
                               std::move(end));
}

} // namespace nexmark
