#pragma once

#include <string>

#include "apps/flights/statistics.hpp"
#include "libflow/connectors/csv/csv_malformed.hpp"
#include "libflow/connectors/csv/csv_writer.hpp"

namespace flights {

/// The flights from one airport in one window.
struct cell {
  flow::timestamp window_start = 0;
  flow::text origin;
  statistics flights;
};

/// A row of the results.
struct report {
  cell of;
  flow::text city;  ///< empty when the airport is not in the file
  flow::text state; ///< as above
};

inline constexpr const char* report_header =
  "window_start,origin,city,state,flights,delayed,delay_sum_min,"
  "delay_max_min,distance_sum_miles\n";

inline void write_report(const report& row, flow::csv_writer& to) {
  to.time(row.of.window_start)
    .text(row.of.origin)
    .text(row.city)
    .text(row.state)
    .integer(row.of.flights.flights)
    .integer(row.of.flights.delayed)
    .integer(row.of.flights.delay_sum)
    .integer(row.of.flights.delay_max)
    .integer(row.of.flights.distance_sum)
    .end_row();
}

/// A late flight, as it was read.
inline void write_late(const flight& each, flow::csv_writer& to) {
  std::string line;
  flow::append_row_as_read(each.row, line);
  to.raw_row(line);
}

/// A row that could not be read, and why.
inline void write_rejected(const flow::csv_malformed_row& row,
                           flow::csv_writer& to) {
  std::string line;
  flow::append_dead_letter(row, line);
  to.raw_row(line);
}

} // namespace flights
