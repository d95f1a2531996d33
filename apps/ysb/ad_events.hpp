#pragma once

#include <memory>
#include <string>

#include "apps/ysb/ad_event.hpp"

namespace ysb {

/// What the events are a function of, beside their number.
struct ad_config {
  std::uint64_t events = 10'000'000;
  std::uint64_t per_second = 1'000'000; ///< of event time
  std::uint64_t seed = 42;
  bool pregenerate = false; ///< builds all events at once, in memory
};

inline constexpr flow::timestamp base_time = 1'436'918'400'000;

/// The i-th event: ads and types cycle, user and page are pseudo-random.
[[nodiscard]] ad_event make_event(const ad_config& config, std::uint64_t i);

/// The same as the JSON object that the original benchmark sends: all values
/// are strings, ids are UUIDs.
void append_json(const ad_event& each, std::string& to);

/// Takes such an object apart. @return what is wrong with it
flow::expected<ad_event> parse_json(std::string_view line);

/// Events as they are.
std::shared_ptr<const flow::source<ad_event>>
ad_events(const ad_config& config);

/// Events as lines of JSON.
std::shared_ptr<const flow::source<flow::text>>
ad_lines(const ad_config& config);

} // namespace ysb
