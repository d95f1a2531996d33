/// How many earthquakes did each network see in the last day, and which was
/// the strongest?
///
/// Reads earthquakes in the order in which they were revised, which is far from
/// that of their own times; counts them in sliding windows of event time, and
/// counts again what comes late but not too late.

#include <chrono>
#include <string>

#include "apps/earthquakes/quake.hpp"
#include "apps/support/run_into.hpp"
#include "libflow/connectors/csv/csv_source.hpp"
#include "libflow/connectors/csv/csv_writer.hpp"
#include "libflow/connectors/files/file_sink.hpp"
#include "libflow/flow.hpp"

namespace earthquakes {
namespace {

struct settings {
  std::string input;
  std::string output;
  std::chrono::milliseconds window = std::chrono::hours{24};
  std::chrono::milliseconds slide = std::chrono::hours{1};
  std::chrono::milliseconds out_of_orderness{0};
  std::chrono::milliseconds allowed_lateness = std::chrono::hours{48};
};

flow::option_set options_of(settings& to) {
  flow::option_set options;
  options.add("input", &to.input, "FILE", "earthquakes to read, as CSV")
    .required();
  options.add("output", &to.output, "DIR", "folder to write to").required();
  options.add("window", &to.window, "length of a window");
  options.add("slide", &to.slide, "a window begins every so often");
  options.add("out-of-orderness", &to.out_of_orderness,
              "how far a row may be behind the latest one before it");
  options.add("allowed-lateness", &to.allowed_lateness,
              "how long a window still takes rows after it has closed");
  options.check([&to]() -> flow::expected<void> {
    if (to.window.count() > 0 && to.slide.count() > 0)
      return {};
    return flow::error{flow::error_code::invalid_argument,
                       "--window, --slide: both are longer than nothing"};
  });
  return options;
}

const flow::output_tag<quake> late{"late"};

constexpr const char* report_header =
  "window_start,window_end,net,count,strongest,strongest_id\n";

void write_report(const report& row, flow::csv_writer& to) {
  to.time(row.window_start)
    .time(row.window_end)
    .text(row.net)
    .integer(row.quakes.count)
    .text(row.quakes.strongest.magnitude)
    .text(row.quakes.strongest.id)
    .end_row();
}

void write_late(const quake& each, flow::csv_writer& to) {
  std::string line;
  flow::append_row_as_read(each.row, line);
  to.raw_row(line);
}

template <class T, class Format>
void write(const flow::data_stream<T>& stream, const settings& job,
           const std::string& folder, std::string header, Format format) {
  stream
    .sink_to(flow::make_file_sink<T>({.files = flow::local_files(),
                                      .folder = job.output + "/" + folder,
                                      .header = std::move(header)},
                                     std::move(format)))
    .uid("write-" + folder)
    .name("write " + folder);
}

void compose(flow::stream_environment& env, const settings& job,
             const std::string& input_header) {
  auto rows = env.from_source<quake>(quakes_of(flow::local_files(), job.input));
  rows.uid("earthquakes").name("read earthquakes");

  auto timed = rows.assign_timestamps_and_watermarks(
    flow::bounded_out_of_orderness(job.out_of_orderness, &quake::time));
  timed.uid("event-time").name("event time");

  auto counts =
    timed.key_by(&quake::net)
      .window(flow::sliding_event_time(job.window, job.slide))
      .allowed_lateness(job.allowed_lateness)
      .side_output_late(late)
      .aggregate(count_and_strongest{},
                 [](const flow::window_context<flow::text>& context,
                    const summary& sum, flow::collector<report>& out) {
                   out.emit({context.window().start, context.window().end,
                             context.key(), sum});
                 });
  counts.uid("per-net").name("count per net");

  write(counts, job, std::string{flow::results_folder}, report_header,
        write_report);
  write(counts.side_output(late), job, std::string{flow::late_folder},
        input_header, write_late);
}

int run(int argc, char** argv) {
  settings job;
  auto env = flow::stream_environment::from_args(
    argc, argv,
    {"earthquakes",
     "Counts earthquakes per network in sliding windows, with the strongest.",
     {"earthquakes --input earthquakes.csv --output out",
      "earthquakes --input earthquakes.csv --output out --slide 6h"
      " --allowed-lateness 7d"}},
    options_of(job));
  const auto facts = flow::read_csv_facts(*flow::local_files(), job.input);
  if (!facts)
    return flow::report_failure(env, facts.error());
  compose(env, job, facts->header ? facts->header->line() : std::string{});
  return flow::run_into(env, job.output);
}

} // namespace
} // namespace earthquakes

int main(int argc, char** argv) {
  return earthquakes::run(argc, argv);
}
