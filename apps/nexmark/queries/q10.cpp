#include "apps/nexmark/queries/partitions.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

constexpr auto pass = [](const event& each, flow::collector<filed_bid>& out) {
  if (const bid* offer = std::get_if<bid>(&each))
    out.emit(filed_bid{offer->auction, offer->bidder, offer->price,
                       offer->date_time, flow::text::borrow(offer->extra)});
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
  const auto filed = bids.partition_custom(by_partition);
  auto end =
    context.output.empty()
      ? filed.sink_to(std::make_shared<counting_sink<filed_bid>>(context.total))
      : filed.sink_to(make_partitioned_sink(
        flow::local_files(),
        context.output + "/" + std::string{flow::results_folder},
        context.out_of_orderness));
  end.uid("rows").name("rows");
}

} // namespace nexmark
