#include "libflow/api/stream_environment.hpp"

#include <cstdlib>
#include <iostream>

#include "libflow/api/sequence_source.hpp"
#include "libflow/core/exit_code.hpp"
#include "libflow/graph/execution_graph.hpp"
#include "libflow/graph/stable_hash.hpp"

namespace flow {

namespace {

graph_options graph_options_of(const job_options& options) {
  graph_options result;
  result.job_name = options.job_name;
  result.parallelism = static_cast<int>(options.parallelism);
  if (options.max_parallelism)
    result.max_parallelism = static_cast<int>(*options.max_parallelism);
  result.checkpoints = options.checkpoints.on();
  return result;
}

guarantee_fact guarantee_of_source(const std::string& kind,
                                   replay_guarantee replay) {
  switch (replay) {
  case replay_guarantee::replayable:
    return {delivery_guarantee::exactly_once,
            kind + " is read again from positions"};
  case replay_guarantee::at_least_once:
    return {delivery_guarantee::at_least_once,
            "the sender of " + kind + " repeats what was not acknowledged"};
  case replay_guarantee::at_most_once:
    return {delivery_guarantee::at_most_once, kind + " cannot be read again"};
  }
  return {};
}

checkpoint_mode mode_of(const checkpoint_options& options) {
  if (!options.on())
    return checkpoint_mode::off;
  return options.mode == barrier_mode::exactly_once
           ? checkpoint_mode::exactly_once
           : checkpoint_mode::at_least_once;
}

} // namespace

stream_environment::stream_environment(job_options options)
  : options_(std::move(options)),
    builder_(std::make_shared<graph_builder>(
      graph_builder{stream_graph{graph_options_of(options_)}, {}, {}, {}})) {}

stream_environment stream_environment::from_args(int argc,
                                                 const char* const* argv,
                                                 std::string name,
                                                 option_set own) {
  return from_args(argc, argv, program_about{std::move(name), {}, {}},
                   std::move(own));
}

stream_environment stream_environment::from_args(int argc,
                                                 const char* const* argv,
                                                 const program_about& about,
                                                 option_set own) {
  auto parsed = parse_job_options(about, std::move(own), argc, argv);
  if (!parsed) {
    std::cerr << about.name << ": " << parsed.error().text << '\n';
    std::exit(to_int(exit_code::usage));
  }
  if (parsed->help) {
    std::cout << *parsed->help;
    std::exit(to_int(exit_code::ok));
  }
  return stream_environment{std::move(parsed->options)};
}

expected<std::shared_ptr<const job_graph>> stream_environment::build() const {
  if (!builder_->errors.empty())
    return builder_->errors.front();
  auto built = build_job_graph(builder_->graph);
  if (!built)
    return built.error();
  return std::make_shared<const job_graph>(std::move(*built));
}

expected<std::string> stream_environment::explain(graph_format format) const {
  auto built = build();
  if (!built)
    return built.error();
  return flow::explain(execution_graph{*built}, mode_of(options_.checkpoints),
                       format);
}

job_options stream_environment::identified_options() const {
  job_options result = options_;
  if (result.job_id)
    return result;
  const auto half = [this](std::string_view which) {
    return hex16(
      stable_hash{}.add(which).add(options_.job_name).add(identity_).value());
  };
  result.job_id = half("job id, high") + half("job id, low");
  return result;
}

data_stream<std::int64_t> stream_environment::from_sequence(std::int64_t first,
                                                            std::int64_t last) {
  return from_source<std::int64_t>(
    std::make_shared<sequence_source>(first, last));
}

node_id detail::add_source(graph_builder& builder, const source_facts& facts,
                           std::shared_ptr<const operator_code> code) {
  stream_node node;
  node.kind = operator_kind::source;
  node.name = facts.kind;
  node.out_type = facts.out_type;
  node.stateful = facts.replay == replay_guarantee::replayable;
  node.bounded = facts.bounded;
  node.single = facts.single;
  node.guarantee = guarantee_of_source(facts.kind, facts.replay);
  node.code = std::move(code);
  node.stamps_arrival = builder.time == time_characteristic::ingestion;
  if (node.stamps_arrival)
    node.add_note("timestamps", "ingestion time");
  return builder.graph.add_node(std::move(node));
}

} // namespace flow
