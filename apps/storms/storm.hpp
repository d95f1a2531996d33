#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libflow/connectors/csv/csv_source.hpp"
#include "libflow/flow.hpp"

namespace storms {

/// A row of the input.
struct observation {
  flow::timestamp time = 0;
  flow::text storm_id;
  std::int64_t category = 0;
  std::int64_t wind = 0;     ///< kn
  std::int64_t pressure = 0; ///< mb
};

/// Reads observations; one that cannot be read ends the job.
inline auto observations_of(std::shared_ptr<flow::file_system> files,
                            std::string path) {
  using flow::csv_type;
  return flow::make_csv_source(
    {.files = std::move(files),
     .path = std::move(path),
     .columns = {{"ts", csv_type::utc_time},
                 {"storm_id"},
                 {"category", csv_type::integer},
                 {"wind_kn", csv_type::integer},
                 {"pressure_mb", csv_type::integer}}},
    [](const flow::csv_row& row) {
      return observation{row.time(0), flow::text::borrow(row.text(1)),
                         row.integer(2), row.integer(3), row.integer(4)};
    });
}

/// A row of the results.
struct session {
  flow::text storm_id;
  flow::timestamp start = 0; ///< of the first observation
  flow::timestamp last = 0;  ///< of the last one
  flow::timestamp end = 0;   ///< last and the gap
  std::int64_t observations = 0;
  std::int64_t wind_max = 0;
  std::int64_t pressure_min = 0;
  flow::text category_path;
};

/// Hours with one decimal.
inline std::string hours_text(std::int64_t ms) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.1f",
                static_cast<double>(ms) / 3'600'000);
  return text.data();
}

/// Makes the session of all observations of a storm that belong together.
struct summarise {
  void operator()(const flow::window_context<flow::text>& context,
                  std::span<const observation> observations,
                  flow::collector<session>& out) const {
    // Sessions that were merged do not come in the order of time.
    std::vector<const observation*> in_order;
    for (const auto& each : observations)
      in_order.push_back(&each);
    std::ranges::stable_sort(in_order, {}, &observation::time);

    session result{context.key(),
                   context.window().start,
                   in_order.back()->time,
                   context.window().end,
                   static_cast<std::int64_t>(in_order.size()),
                   in_order.front()->wind,
                   in_order.front()->pressure,
                   {}};
    std::string path;
    const observation* before = nullptr;
    for (const auto* each : in_order) {
      result.wind_max = std::max(result.wind_max, each->wind);
      result.pressure_min = std::min(result.pressure_min, each->pressure);
      if (before == nullptr || before->category != each->category)
        path += (path.empty() ? "" : ">") + std::to_string(each->category);
      before = each;
    }
    result.category_path = flow::text{path};
    out.emit(result);
  }
};

} // namespace storms
