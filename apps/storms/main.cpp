/// What became of each storm?
///
/// Groups a storm's observations into sessions: one ends when there was none
/// for longer than the gap. Writes how long it lasted, its strongest wind, its
/// lowest pressure and the path of its categories.

#include <chrono>
#include <string>

#include "apps/storms/storm.hpp"
#include "apps/support/run_into.hpp"
#include "libflow/connectors/csv/csv_writer.hpp"
#include "libflow/connectors/files/file_sink.hpp"
#include "libflow/flow.hpp"

namespace storms {
namespace {

struct settings {
  std::string input;
  std::string output;
  std::chrono::milliseconds gap = std::chrono::hours{24};
  std::chrono::milliseconds out_of_orderness = std::chrono::hours{24 * 366};
};

flow::option_set options_of(settings& to) {
  flow::option_set options;
  options.add("input", &to.input, "FILE", "observations to read, as CSV")
    .required();
  options.add("output", &to.output, "DIR", "folder to write to").required();
  options.add("gap", &to.gap, "a session ends when nothing came for so long");
  options.add("out-of-orderness", &to.out_of_orderness,
              "how far a row may be behind the latest one before it");
  options.check([&to]() -> flow::expected<void> {
    if (to.gap.count() > 0)
      return {};
    return flow::error{flow::error_code::invalid_argument,
                       "--gap: a gap is longer than nothing"};
  });
  return options;
}

constexpr const char* header =
  "storm_id,session_start,session_end,observations,duration_hours,"
  "wind_max_kn,pressure_min_mb,category_path\n";

void write_session(const session& row, flow::csv_writer& to) {
  to.text(row.storm_id)
    .time(row.start)
    .time(row.end)
    .integer(row.observations)
    .text(hours_text(row.last - row.start))
    .integer(row.wind_max)
    .integer(row.pressure_min)
    .text(row.category_path)
    .end_row();
}

void compose(flow::stream_environment& env, const settings& job) {
  auto rows = env.from_source<observation>(
    observations_of(flow::local_files(), job.input));
  rows.uid("observations").name("read observations");

  auto timed = rows.assign_timestamps_and_watermarks(
    flow::bounded_out_of_orderness(job.out_of_orderness, &observation::time));
  timed.uid("event-time").name("event time");

  auto sessions = timed.key_by(&observation::storm_id)
                    .window(flow::session_event_time(job.gap))
                    .process(summarise{});
  sessions.uid("per-storm").name("sessions of storms");

  sessions
    .sink_to(flow::make_file_sink<session>(
      {.files = flow::local_files(),
       .folder = job.output + "/" + std::string{flow::results_folder},
       .header = header},
      write_session))
    .uid("write-results")
    .name("write results");
}

int run(int argc, char** argv) {
  settings job;
  auto env = flow::stream_environment::from_args(
    argc, argv,
    {"storms",
     "Summarises storms, each as sessions of its observations.",
     {"storms --input storms.csv --output out",
      "storms --input storms.csv --output out --gap 12h -p 2"}},
    options_of(job));
  compose(env, job);
  return flow::run_into(env, job.output);
}

} // namespace
} // namespace storms

int main(int argc, char** argv) {
  return storms::run(argc, argv);
}
