/// Which airport had how many flights, and how late were they?
///
/// Reads flights, counts them per airport and window of their own time, adds
/// the airports' cities, and writes CSV. Flights that come too late for their
/// window and rows that cannot be read go to files of their own.

#include "apps/flights/flight.hpp"
#include "apps/flights/options.hpp"
#include "apps/flights/report.hpp"
#include "apps/support/run_into.hpp"
#include "libflow/connectors/files/file_sink.hpp"
#include "libflow/flow.hpp"

namespace flights {
namespace {

const flow::output_tag<flight> late{"late"};

/// Writes `stream` to a folder of the output directory.
template <class T, class Format>
void write(const flow::data_stream<T>& stream, const settings& job,
           std::string_view folder, std::string header, Format format) {
  const std::string name{folder};
  stream
    .sink_to(flow::make_file_sink<T>({.files = flow::local_files(),
                                      .folder = job.output + "/" + name,
                                      .header = std::move(header)},
                                     std::move(format)))
    .uid("write-" + name)
    .name("write " + name);
}

void compose(flow::stream_environment& env, const settings& job,
             const std::string& input_header) {
  const auto files = flow::local_files();

  auto rows =
    env.from_source<flight>(flights_of(files, job.input, job.on_error));
  rows.uid("flights").name("read flights");

  auto timed = rows.assign_timestamps_and_watermarks(
    flow::bounded_out_of_orderness(job.out_of_orderness, &flight::departure));
  timed.uid("event-time").name("event time");

  auto cells =
    timed.key_by(&flight::origin)
      .window(flow::tumbling_event_time(job.window))
      .allowed_lateness(job.allowed_lateness)
      .side_output_late(late)
      .aggregate(add_up{job.delayed_after},
                 [](const flow::window_context<flow::text>& context,
                    const statistics& sum, flow::collector<cell>& out) {
                   out.emit({context.window().start, context.key(), sum});
                 });
  cells.uid("per-airport").name("count per airport");

  auto airports = env.from_source<airport>(airports_of(files, job.airports));
  airports.uid("airports").name("read airports").set_parallelism(1);

  // Every airport is known before the first cell is looked up.
  auto reports = cells.connect(airports.broadcast())
                   .wait_for(flow::broadcast_input)
                   .process<flow::text, airport>(
                     [](const airport& each,
                        flow::broadcast_state<flow::text, airport>& known) {
                       known.set(each.code, each);
                     },
                     [](const cell& each,
                        const flow::broadcast_state<flow::text, airport>& known,
                        flow::process_context&, flow::collector<report>& out) {
                       const airport* place = known.find(each.origin);
                       out.emit(place ? report{each, place->city, place->state}
                                      : report{each, {}, {}});
                     });
  reports.uid("with-city").name("add city");

  write(reports, job, flow::results_folder, report_header, write_report);
  write(cells.side_output(late), job, flow::late_folder, input_header,
        write_late);
  if (job.on_error == flow::csv_error_policy::dead_letter)
    write(rows.side_output(flow::dead_letter_tag()), job,
          flow::dead_letter_folder, std::string{flow::dead_letter_header},
          write_rejected);
}

/// The header of the input, which the late rows get as well.
flow::expected<std::string> header_of(const std::string& path) {
  const auto facts = flow::read_csv_facts(*flow::local_files(), path);
  if (!facts)
    return facts.error();
  return facts->header ? facts->header->line() : std::string{};
}

int run(int argc, char** argv) {
  settings job;
  auto env = flow::stream_environment::from_args(
    argc, argv,
    {"flights",
     "Counts flights per airport and hour, with their delays.",
     {"flights --input flights.csv --airports airports.csv --output out",
      "flights --input flights.csv --airports airports.csv --output out"
      " -p 4 --out-of-orderness 2h --on-error dead-letter"}},
    options_of(job));
  const auto header = header_of(job.input);
  if (!header)
    return flow::report_failure(env, header.error());
  compose(env, job, *header);
  return flow::run_into(env, job.output);
}

} // namespace
} // namespace flights

int main(int argc, char** argv) {
  return flights::run(argc, argv);
}
