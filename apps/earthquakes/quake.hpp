#pragma once

#include <charconv>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "libflow/connectors/csv/csv_source.hpp"
#include "libflow/flow.hpp"

namespace earthquakes {

/// A row of the input.
struct quake {
  flow::timestamp time = 0;
  flow::text net;       ///< the network that reported it
  flow::text id;        ///< unique
  flow::text magnitude; ///< a decimal, as written
  flow::text row;       ///< as read, for those that come too late
};

/// Reads earthquakes; one that cannot be read ends the job.
inline auto quakes_of(std::shared_ptr<flow::file_system> files,
                      std::string path) {
  return flow::make_csv_source(
    {.files = std::move(files),
     .path = std::move(path),
     .columns =
       {{"event_time_ms", flow::csv_type::integer}, {"net"}, {"id"}, {"mag"}}},
    [](const flow::csv_row& row) {
      return quake{row.integer(0), flow::text::borrow(row.text(1)),
                   flow::text::borrow(row.text(2)),
                   flow::text::borrow(row.text(3)),
                   flow::text::borrow(row.line())};
    });
}

/// A magnitude as a number; what is none is weaker than all others.
inline double number_of(std::string_view magnitude) {
  double number = 0;
  const char* end = magnitude.data() + magnitude.size();
  const auto read = std::from_chars(magnitude.data(), end, number);
  return read.ec == std::errc{} && read.ptr == end
           ? number
           : -std::numeric_limits<double>::infinity();
}

/// What decides which earthquake is the strongest.
struct strength {
  flow::text magnitude;
  flow::timestamp time = 0;
  flow::text id;

  /// The larger magnitude, then the earlier time, then the smaller id.
  [[nodiscard]] bool beats(const strength& other) const {
    const double mine = number_of(magnitude);
    const double theirs = number_of(other.magnitude);
    if (mine != theirs)
      return mine > theirs;
    return std::tie(time, id) < std::tie(other.time, other.id);
  }
};

/// The earthquakes of one network and window.
struct summary {
  std::int64_t count = 0;
  strength strongest; ///< meaningless while there is none
};

/// Makes summaries; any order of adding and merging gives the same.
struct count_and_strongest {
  using accumulator = summary;

  void add(summary& sum, const quake& each) const {
    merge(sum, {1, {each.magnitude, each.time, each.id}});
  }
  void merge(summary& sum, const summary& other) const {
    if (other.count > 0
        && (sum.count == 0 || other.strongest.beats(sum.strongest)))
      sum.strongest = other.strongest;
    sum.count += other.count;
  }
  [[nodiscard]] const summary& result(const summary& sum) const { return sum; }
};

/// A row of the results.
struct report {
  flow::timestamp window_start = 0;
  flow::timestamp window_end = 0;
  flow::text net;
  summary quakes;
};

} // namespace earthquakes
