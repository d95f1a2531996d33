#include "apps/nexmark/queries/calendar.hpp"

#include "libflow/connectors/csv/csv_writer.hpp"

namespace nexmark {

std::string date_text(std::int64_t day) {
  std::string result;
  flow::append_iso_time(day * ms_per_day, result);
  result.resize(result.find('T'));
  return result;
}

std::string minute_text(std::int64_t minute) {
  std::string result;
  flow::append_iso_time(minute * ms_per_minute, result);
  return result.substr(result.find('T') + 1, 5);
}

} // namespace nexmark
