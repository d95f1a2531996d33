#pragma once

#include <memory>
#include <string>

#include "libflow/connectors/csv/csv_source.hpp"
#include "libflow/flow.hpp"

namespace flights {

/// A row of the flights file.
struct flight {
  flow::timestamp departure = 0;
  std::int64_t delay = 0;    ///< of the arrival, in minutes; may be negative
  std::int64_t distance = 0; ///< in miles
  flow::text origin;         ///< code of the airport
  flow::text row;            ///< as read, for those that come too late
};

/// A row of the airports file.
struct airport {
  flow::text code;
  flow::text city;
  flow::text state;
};

/// Reads flights; rows that cannot be read are treated as `on_error` says.
inline auto flights_of(std::shared_ptr<flow::file_system> files,
                       std::string path, flow::csv_error_policy on_error) {
  using flow::csv_type;
  return flow::make_csv_source({.files = std::move(files),
                                .path = std::move(path),
                                .columns = {{"date", csv_type::datetime},
                                            {"delay", csv_type::integer},
                                            {"distance", csv_type::integer},
                                            {"origin", csv_type::text}},
                                .on_error = on_error},
                               [](const flow::csv_row& row) {
                                 return flight{row.time(0), row.integer(1),
                                               row.integer(2),
                                               flow::text::borrow(row.text(3)),
                                               flow::text::borrow(row.line())};
                               });
}

/// Reads airports; one that cannot be read ends the job.
inline auto airports_of(std::shared_ptr<flow::file_system> files,
                        std::string path) {
  return flow::make_csv_source({.files = std::move(files),
                                .path = std::move(path),
                                .columns = {{"iata"}, {"city"}, {"state"}}},
                               [](const flow::csv_row& row) {
                                 return airport{
                                   flow::text::borrow(row.text(0)),
                                   flow::text::borrow(row.text(1)),
                                   flow::text::borrow(row.text(2))};
                               });
}

} // namespace flights
