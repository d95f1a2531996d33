#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/nexmark/generator.hpp"
#include "apps/nexmark/latency.hpp"

namespace nexmark {

/// Events that were built before they are wanted, in batches of
/// `events_per_block`; the last may be shorter. Constant: any thread may read.
using prepared_events = std::vector<flow::record_batch_ptr<event>>;

/// Events that a reader takes in one go; readers take turns by this many.
inline constexpr std::uint64_t events_per_block = 1024;

/// Builds all events on all cores.
std::shared_ptr<const prepared_events>
prepare_events(const generator_config& config, std::uint64_t count);

/// The first `count` events of a generator, each with its event time as
/// timestamp. Made as they are read, or copied out of prepared ones.
///
/// Readers advance through event time together (support/strands.hpp).
class generated_events final : public flow::source<event> {
public:
  /// @param prepared  the same events, or null
  /// @param took      is told what has been read; null: nobody
  generated_events(const generator_config& config, std::uint64_t count,
                   std::shared_ptr<const prepared_events> prepared = nullptr,
                   std::shared_ptr<latencies> took = nullptr);

  [[nodiscard]] std::string kind() const override { return "nexmark events"; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] flow::replay_guarantee replay() const override {
    return flow::replay_guarantee::replayable;
  }
  [[nodiscard]] std::unique_ptr<flow::source_reader<event>>
  make_reader() const override;

private:
  generator_config config_;
  std::uint64_t count_;
  std::shared_ptr<const generator> maker_; ///< null when prepared
  std::shared_ptr<const prepared_events> prepared_;
  std::shared_ptr<latencies> took_;
};

} // namespace nexmark
