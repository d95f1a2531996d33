/// The Yahoo Streaming Benchmark: views of advertisements, counted for each
/// campaign in windows of ten seconds. Its databases are a table in memory.

#include <stdexcept>

#include "apps/support/run_into.hpp"
#include "apps/ysb/ad_events.hpp"
#include "libflow/connectors/files/file_sink.hpp"
#include "libflow/flow.hpp"

namespace ysb {
namespace {

enum class variant : std::uint8_t { memory, json };

struct settings {
  ad_config input;
  variant how = variant::memory;
  std::string output;
};

flow::option_set options_of(settings& to) {
  flow::option_set options;
  options.add("events", &to.input.events, "N", "number of events");
  options.add("event-rate", &to.input.per_second, "R",
              "events per second of their own time", {.least = 1});
  options.add("seed", &to.input.seed, "S",
              "another seed gives other users and pages");
  options.add("pregenerate", &to.input.pregenerate,
              "builds the events in memory before the clock starts");
  options.add_choice("variant", &to.how,
                     {{"memory", variant::memory}, {"json", variant::json}},
                     "whether events are records of 64 bytes or JSON that has "
                     "to be parsed");
  options.add("output", &to.output, "DIR",
              "folder to write to; without it nothing is written");
  return options;
}

/// A view of an advertisement.
struct view {
  std::int64_t ad_id = 0;
  flow::timestamp event_time = 0;
};

struct campaign_view {
  std::int64_t campaign = 0;
  flow::timestamp event_time = 0;
};

struct count_views {
  using accumulator = std::int64_t;

  void add(accumulator& count, const campaign_view&) const { ++count; }
  void merge(accumulator& count, const accumulator& other) const {
    count += other;
  }
  std::int64_t result(const accumulator& count) const { return count; }
};

/// A row of the results.
struct row {
  std::int64_t campaign = 0;
  flow::timestamp window_start = 0;
  flow::timestamp window_end = 0;
  std::int64_t views = 0;
};

constexpr auto keep_view = [](const ad_event& each,
                              flow::collector<view>& out) {
  if (each.type == event_type::view)
    out.emit(view{each.ad_id, each.event_time});
};

constexpr auto parse = [](const flow::text& line, flow::collector<view>& out) {
  const auto parsed = parse_json(line);
  if (!parsed)
    throw std::runtime_error{parsed.error().text};
  keep_view(*parsed, out);
};

/// Looks the campaign of an advertisement up, as the original does in a
/// database.
class look_up {
public:
  look_up() : campaign_of_(static_cast<std::size_t>(ads)) {
    for (std::size_t ad = 0; ad < campaign_of_.size(); ++ad)
      campaign_of_[ad] = static_cast<std::int64_t>(ad) / ads_per_campaign;
  }

  void operator()(const view& each, flow::collector<campaign_view>& out) const {
    const auto ad = static_cast<std::size_t>(each.ad_id);
    if (ad < campaign_of_.size())
      out.emit(campaign_view{campaign_of_[ad], each.event_time});
  }

private:
  std::vector<std::int64_t> campaign_of_;
};

constexpr auto emit = [](const flow::window_context<std::int64_t>& context,
                         std::int64_t views, flow::collector<row>& out) {
  out.emit(
    {context.key(), context.window().start, context.window().end, views});
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.campaign)
    .integer(each.window_start)
    .integer(each.window_end)
    .integer(each.views)
    .end_row();
};

/// Takes results and forgets them.
class discarding_sink final : public flow::sink<row> {
public:
  [[nodiscard]] std::string kind() const override { return "nothing"; }
  [[nodiscard]] flow::sink_guarantee guarantee() const override {
    return flow::sink_guarantee::at_most_once;
  }
  [[nodiscard]] std::unique_ptr<flow::sink_writer<row>>
  make_writer() const override {
    return std::make_unique<writer>();
  }

private:
  class writer final : public flow::sink_writer<row> {
    flow::expected<void> open(flow::runtime_context&) override { return {}; }
    flow::expected<void> write(std::span<const row>,
                               std::span<const flow::timestamp>) override {
      return {};
    }
  };
};

flow::data_stream<view> views_of(flow::stream_environment& env,
                                 const settings& job) {
  if (job.how == variant::memory) {
    auto events = env.from_source<ad_event>(ad_events(job.input));
    events.uid("events").name("events");
    return events.flat_map<view>(keep_view);
  }
  auto lines = env.from_source<flow::text>(ad_lines(job.input));
  lines.uid("events").name("events as JSON");
  return lines.flat_map<view>(parse);
}

void compose(flow::stream_environment& env, const settings& job) {
  auto views = views_of(env, job);
  views.uid("views").name("views");
  auto joined = views.flat_map<campaign_view>(look_up{});
  joined.uid("campaigns").name("add campaign");
  auto timed = joined.assign_timestamps_and_watermarks(
    flow::monotonous_timestamps(&campaign_view::event_time));
  timed.uid("event-time").name("event time");
  auto counts = timed.key_by(&campaign_view::campaign)
                  .window(flow::tumbling_event_time(std::chrono::seconds{10}))
                  .aggregate<row>(count_views{}, emit);
  counts.uid("counts").name("count views");
  auto end =
    job.output.empty()
      ? counts.sink_to(std::make_shared<discarding_sink>())
      : counts.sink_to(flow::make_file_sink<row>(
        {.files = flow::local_files(),
         .folder = job.output + "/" + std::string{flow::results_folder},
         .header = "campaign,window_start,window_end,views\n"},
        write));
  end.uid("rows").name("rows");
}

int run(int argc, char** argv) {
  settings job;
  auto env = flow::stream_environment::from_args(
    argc, argv,
    {"ysb",
     "Counts the views of each campaign's advertisements in windows of ten "
     "seconds (Yahoo Streaming Benchmark).",
     {"ysb --events 10000000 -p 2 --summary json",
      "ysb --variant json --events 1000000 --output out"}},
    options_of(job));
  compose(env, job);
  return job.output.empty() ? env.execute() : flow::run_into(env, job.output);
}

} // namespace
} // namespace ysb

int main(int argc, char** argv) {
  return ysb::run(argc, argv);
}
