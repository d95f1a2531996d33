#include "test/sim/sim_job.hpp"

#include <string>

#include "libflow/connectors/files/file_sink.hpp"

namespace flow::sim {

namespace {

struct passed {
  numbered record;
  std::int64_t attempt = 0;
};

class count_along {
public:
  explicit count_along(const sim_job& job) : job_(job) {}

  void open(keyed_runtime_context<std::int64_t>& context) {
    next_ = context.state(value_state_descriptor<std::int64_t>{"next"});
    ballast_ = context.state(value_state_descriptor<std::string>{"ballast"});
    attempt_ = context.attempt();
  }

  void process(const numbered& record, keyed_context<std::int64_t>&,
               collector<passed>& out) {
    const auto next = next_.value();
    if (job_.at_least_once ? record.seq > next : record.seq != next)
      fatal("key " + std::to_string(record.key) + ": number "
            + std::to_string(record.seq) + " came where " + std::to_string(next)
            + " is next");
    next_.set(std::max(next, record.seq + 1));
    if (next == 0 && job_.ballast_bytes > 0)
      ballast_.set(std::string(job_.ballast_bytes, 'b'));
    else if (ballast_.value().size() != job_.ballast_bytes)
      fatal("key " + std::to_string(record.key) + " has lost its ballast");
    out.emit({record, attempt_});
  }

private:
  sim_job job_;
  value_state<std::int64_t> next_;
  value_state<std::string> ballast_;
  std::int64_t attempt_ = 0;
};

data_stream<numbered> timed_numbers(stream_environment& env,
                                    const numbers_settings& which,
                                    const std::string& prefix) {
  auto numbers = env.from_source<numbered>(make_numbers(which));
  numbers.uid(prefix + "numbers");
  auto timed =
    numbers.assign_timestamps_and_watermarks(bounded_out_of_orderness(
      duration_ms{0}, [](const numbered& each) { return time_of(each.seq); }));
  timed.uid(prefix + "time");
  return timed;
}

template <class T, class Format>
void write_to(data_stream<T> rows, const std::shared_ptr<file_system>& files,
              std::string_view folder, const std::string& header,
              Format format) {
  const std::string name{folder};
  rows
    .sink_to(make_file_sink<T>({.files = files,
                                .folder = std::string{sim_output} + "/" + name,
                                .header = header},
                               format))
    .uid("write " + name)
    .name("write " + name);
}

} // namespace

std::shared_ptr<const job_graph> sim_graph(const sim_job& job,
                                           const job_options& options,
                                           const sim_surroundings& around) {
  stream_environment env{options};
  auto timed = timed_numbers(env, job.numbers, "");
  auto counted = timed.key_by(&numbered::key).process<passed>(count_along{job});
  counted.uid("count");
  if (job.two_regions)
    timed = timed_numbers(env, job.numbers, "other ");
  auto second = add_branch({job.second, job.numbers, job.at_least_once}, env,
                           timed, around.answerer);
  second.uid("second");
  write_to(counted, around.files, results_folder, "key,seq,attempt\n",
           [](const passed& row, csv_writer& to) {
             to.integer(row.record.key)
               .integer(row.record.seq)
               .integer(row.attempt)
               .end_row();
           });
  if (around.store)
    second.sink_to(around.store).uid("store").name("store");
  else
    write_to(second, around.files, second_folder, "key,id,value\n",
             [](const branch_row& row, csv_writer& to) {
               to.integer(row.key).integer(row.id).integer(row.value).end_row();
             });
  auto graph = env.build();
  FLOW_ASSERT(graph.has_value(), "the job of the simulation can be built");
  return *graph;
}

} // namespace flow::sim
