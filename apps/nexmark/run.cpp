#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "apps/nexmark/binary_events.hpp"
#include "apps/nexmark/commands.hpp"
#include "apps/nexmark/event_file.hpp"
#include "apps/nexmark/generated_events.hpp"
#include "apps/nexmark/queries/partitions.hpp"
#include "apps/nexmark/query.hpp"
#include "apps/nexmark/settings.hpp"
#include "apps/support/run_into.hpp"
#include "libflow/core/json_writer.hpp"

namespace nexmark {

namespace {

std::string hexadecimal(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(value));
  return text;
}

/// Adds what this program knows of a run to its summary.
struct query_report {
  std::string query;
  bool pregenerated = false;
  bool counted = false;
  std::shared_ptr<shared_table_checksum> total;
  std::shared_ptr<latencies> took;

  void operator()(const flow::job_summary& job, flow::json_writer& out) const {
    const auto events = static_cast<double>(job.records_in);
    out.member("query", query)
      .member("events", job.records_in)
      .member("events_per_second", events / job.seconds)
      .member("events_per_core_second", events / job.cpu_seconds)
      .key("checksum");
    if (counted)
      out.value(hexadecimal(total->total().sum));
    else
      out.null();
    out.member("pregenerated", pregenerated);
    const auto latency = took->total();
    write_quantile(out, "p50_ms", latency, 0.5);
    write_quantile(out, "p99_ms", latency, 0.99);
  }

private:
  static void write_quantile(flow::json_writer& out, std::string_view name,
                             const flow::histogram_snapshot& of,
                             double fraction) {
    out.key(name);
    if (of.count() == 0)
      out.null(); // no row was of an event's time
    else
      out.value(static_cast<double>(of.quantile(fraction)) / 1000);
  }
};

/// A folder in which the writers of worker processes leave their checksums and
/// latencies.
/// The client makes it; its workers find it in the environment.
class totals_folder {
public:
  explicit totals_folder(bool wanted) {
    if (!wanted)
      return;
    if (const char* made = std::getenv(variable)) {
      path_ = made;
      return;
    }
    std::string pattern =
      std::filesystem::temp_directory_path() / "nexmark-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr)
      return;
    path_ = pattern;
    owned_ = true;
    setenv(variable, path_.c_str(), 1);
  }
  totals_folder(const totals_folder&) = delete;
  totals_folder& operator=(const totals_folder&) = delete;
  ~totals_folder() {
    if (!owned_)
      return;
    unsetenv(variable);
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const { return path_; }

private:
  static constexpr const char* variable = "FLOW_NEXMARK_TOTALS";

  std::string path_;
  bool owned_ = false;
};

class runner {
public:
  runner(const run_settings& job, flow::job_options options, event_stage stage)
    : job_(job), options_(std::move(options)), stage_(std::move(stage)) {}

  /// What all queries share. Errors: files that cannot be read.
  flow::expected<void> prepare() {
    auto table = job_.side_input.empty()
                   ? side_table::standard()
                   : side_table::read(*flow::local_files(), job_.side_input);
    if (!table)
      return table.error();
    side_input_ = std::make_shared<const side_table>(std::move(*table));
    // Workers build their own.
    const bool reads_here =
      options_.processes == 0 || flow::in_worker_process();
    if (job_.pregenerate && reads_here
        && options_.explain == flow::explain_format::none)
      prepared_ = prepare_events(job_.generator, job_.events);
    return {};
  }

  int run(const query& wanted) {
    const totals_folder folder{options_.processes > 0};
    const auto took = std::make_shared<latencies>(
      folder.path().empty() ? "" : folder.path() + "/latencies");
    auto options = options_;
    options.job_name += "-" + std::string{wanted.name};
    flow::stream_environment env{std::move(options)};
    auto events = env.from_source<event>(make_source(took));
    events.uid("events").name("events");
    if (stage_)
      events = stage_(std::move(events));
    query_context context{
      .events = events,
      .output = job_.output,
      .side_input = side_input_,
      .total = std::make_shared<shared_table_checksum>(folder.path()),
      .took = took};
    // Nothing that the generator shuffles is late.
    context.out_of_orderness =
      std::max(context.out_of_orderness, generator{job_.generator}.disorder());
    wanted.compose(context);
    env.add_to_summary(query_report{.query = std::string{wanted.name},
                                    .pregenerated = job_.pregenerate,
                                    .counted = job_.output.empty(),
                                    .total = context.total,
                                    .took = took});
    if (job_.output.empty())
      return env.execute();
    return wanted.name == "q10" ? run_partitions(env)
                                : flow::run_into(env, job_.output);
  }

private:
  [[nodiscard]] std::shared_ptr<const flow::source<event>>
  make_source(std::shared_ptr<latencies> took) const {
    auto files = flow::local_files();
    if (!job_.input.empty() && is_binary_event_file(*files, job_.input))
      return std::make_shared<binary_event_file>(std::move(files), job_.input,
                                                 std::move(took));
    if (!job_.input.empty())
      return std::make_shared<event_file>(std::move(files), job_.input,
                                          std::move(took));
    return std::make_shared<generated_events>(job_.generator, job_.events,
                                              prepared_, std::move(took));
  }

  /// The partitions of q10 are folders of their own below the results'.
  int run_partitions(flow::stream_environment& env) {
    const auto files = flow::local_files();
    const auto folder = job_.output + "/" + std::string{flow::results_folder};
    const bool runs_here = options_.explain == flow::explain_format::none
                           && !flow::in_worker_process();
    if (runs_here && options_.overwrite)
      if (auto done = remove_partitions(*files, folder); !done)
        return flow::report_failure(env, done.error());
    const int code = flow::run_into(env, job_.output);
    if (runs_here && code == flow::to_int(flow::exit_code::ok))
      if (auto done = remove_hidden_partition_parts(*files, folder); !done)
        return flow::report_failure(env, done.error());
    return code;
  }

  run_settings job_;
  flow::job_options options_;
  event_stage stage_;
  std::shared_ptr<const prepared_events> prepared_;
  std::shared_ptr<const side_table> side_input_;
};

} // namespace

int run(int argc, char** argv, const event_stage& stage) {
  run_settings job;
  const auto env = flow::stream_environment::from_args(
    argc, argv,
    {"nexmark",
     "Runs queries of the Nexmark benchmark over generated events or a file "
     "of them; `nexmark generate` writes such a file, `nexmark materialize "
     "DIR` prints the table that a query's results describe.",
     {"nexmark --query q5 --events 1000000 --output out -p 2",
      "nexmark --all --pregenerate -p 2 --summary json",
      "nexmark generate --events 100000 --output events.ndjson",
      "nexmark --query q9 --input events.ndjson --output out",
      "nexmark materialize out"}},
    options_of(job));
  runner queries{job, env.options(), stage};
  if (auto ready = queries.prepare(); !ready)
    return flow::report_failure(env, ready.error());
  if (!job.all)
    return queries.run(*find_query(job.query));
  for (const auto& each : all_queries())
    if (const int code = queries.run(each); code != 0)
      return code;
  return 0;
}

} // namespace nexmark
