// Numbers into a store with transactions, by either of the sinks for such.
//
//   store_job --store PORT --sink two-phase|write-ahead --count N

#include <iostream>

#include "libflow/flow.hpp"
#include "test/support/store_client.hpp"

namespace {

using numbers_sink = flow::sink<std::int64_t>;

std::shared_ptr<const numbers_sink> sink_of(const std::string& kind,
                                            std::uint16_t port) {
  if (kind == "two-phase")
    return std::make_shared<
      flow::two_phase_commit_sink<std::int64_t, std::string>>("store", [port] {
      return std::make_unique<flow::store_transactions>(port);
    });
  if (kind == "write-ahead")
    return std::make_shared<flow::write_ahead_sink<std::int64_t>>(
      "store", [port] { return std::make_unique<flow::store_batches>(port); },
      true);
  return nullptr;
}

} // namespace

int main(int argc, char** argv) {
  std::uint64_t port = 0;
  std::uint64_t count = 1000;
  std::string kind = "two-phase";
  flow::option_set own;
  own.add("store", &port, "PORT", "port of the store, on this host");
  own.add("count", &count, "N", "numbers to write");
  own.add("sink", &kind, "KIND", "two-phase or write-ahead");
  auto env = flow::stream_environment::from_args(argc, argv, "store_job",
                                                 std::move(own));
  const auto target = sink_of(kind, static_cast<std::uint16_t>(port));
  if (!target) {
    std::cerr << "store_job: --sink: " << kind << " is none\n";
    return 2;
  }
  env.from_sequence(1, static_cast<std::int64_t>(count))
    .uid("numbers")
    .rebalance()
    .sink_to(target)
    .uid("store");
  return env.execute();
}
