#include "apps/nexmark/settings.hpp"

#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

flow::error usage(std::string text) {
  return {flow::error_code::invalid_argument, std::move(text)};
}

std::string query_help() {
  std::string result = "the query to run:";
  for (const auto& each : all_queries())
    result.append(" ").append(each.name).append(" (").append(each.what).append(
      each.name == all_queries().back().name ? ")" : "),");
  return result;
}

flow::expected<void> check(const run_settings& job) {
  if (job.all == !job.query.empty())
    return usage("--query or --all says what to run; give one of them");
  if (!job.all && find_query(job.query) == nullptr)
    return usage("--query: there is no query \"" + job.query
                 + "\"; --help lists them");
  if (job.all && !job.output.empty())
    return usage("--output takes the rows of one query; leave --all out");
  if (!job.input.empty() && job.pregenerate)
    return usage("--pregenerate is for generated events; leave --input out");
  return {};
}

} // namespace

void add_generator_options(flow::option_set& options, std::uint64_t& events,
                           generator_config& to) {
  options.add("events", &events, "N", "number of events");
  options.add("seed", &to.seed, "S", "another seed gives other events");
  options.add("event-rate", &to.event_rate, "R",
              "events per second of their own time", {.least = 1});
  options.add("out-of-order-group", &to.out_of_order_group, "G",
              "events that are shuffled among themselves; 1: none",
              {.least = 1});
  options.add("double-bidder-offset", &to.double_bidder_offset,
              "bids name persons that are 1,000 younger, as the suite for "
              "Flink SQL has it");
  options.check([&to]() -> flow::expected<void> {
    if (to.out_of_order_group % 953 == 0)
      return usage("--out-of-order-group: a multiple of 953 would give events "
                   "twice");
    return {};
  });
}

flow::option_set options_of(run_settings& to) {
  flow::option_set options;
  options.add("query", &to.query, "qN", query_help());
  options.add("all", &to.all, "runs every query, one after the other");
  add_generator_options(options, to.events, to.generator);
  options.add("no-strings", &to.no_strings,
              "generates events whose texts are all empty");
  options.add("pregenerate", &to.pregenerate,
              "builds the events in memory before the clock starts");
  options.add("input", &to.input, "FILE",
              "reads events from a file of JSON lines, or one of `nexmark "
              "generate --format binary`, instead");
  options.add("output", &to.output, "DIR",
              "folder to write rows to; without it they are counted, with a "
              "checksum of the final table");
  options.add("side-input", &to.side_input, "FILE",
              "table of q13, a CSV key,value; without it 10,000 rows i,i");
  options.check([&to]() -> flow::expected<void> {
    to.generator.strings = !to.no_strings;
    return check(to);
  });
  return options;
}

} // namespace nexmark
