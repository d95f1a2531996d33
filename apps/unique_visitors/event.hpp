#pragma once

#include <charconv>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "libflow/connectors/csv/csv_source.hpp"
#include "libflow/flow.hpp"

namespace unique_visitors {

/// Somebody came.
struct visit {
  flow::timestamp time = 0;
  std::uint64_t user = 0; ///< an id, or the hash of a name
};

/// SplitMix64 (Vigna 2015): one number for each state.
[[nodiscard]] constexpr std::uint64_t splitmix64(std::uint64_t state) noexcept {
  std::uint64_t x = state + 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

/// Makes event e of a stream of generated ones.
struct generator {
  std::uint64_t users = 1;
  std::int64_t rate = 1; ///< events per second
  std::uint64_t seed = 0;
  flow::timestamp base = 0;

  [[nodiscard]] visit operator()(const std::int64_t& e) const noexcept {
    // Whole seconds apart, so that nothing overflows.
    const flow::timestamp at = e / rate * 1000 + e % rate * 1000 / rate;
    return {base + at,
            splitmix64(seed + static_cast<std::uint64_t>(e)) % users};
  }
};

/// A user's id, or for one that is no number the hash of the name.
inline std::uint64_t user_of(std::string_view name) {
  std::uint64_t id = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), id);
  if (read.ec == std::errc{} && read.ptr == name.data() + name.size())
    return id;
  return flow::key_hash(name);
}

/// Reads visits from a CSV `time_ms,user`; one that cannot be read ends the
/// job.
inline auto visits_of(std::shared_ptr<flow::file_system> files,
                      std::string path) {
  return flow::make_csv_source(
    {.files = std::move(files),
     .path = std::move(path),
     .columns = {{"time_ms", flow::csv_type::integer}, {"user"}}},
    [](const flow::csv_row& row) {
      return visit{row.integer(0), user_of(row.text(1))};
    });
}

} // namespace unique_visitors
