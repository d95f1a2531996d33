/// Does every record arrive once and in order, whatever fails on the way?
///
/// Numbers the records of many keys, sends them through one keyed operator
/// that counts along, and writes what arrives, for an auditor to read.

#include "apps/support/run_into.hpp"
#include "keyed_numbers.hpp"
#include "libflow/connectors/files/file_sink.hpp"
#include "libflow/flow.hpp"

namespace sequence {
namespace {

struct settings {
  std::int64_t keys = 0;
  std::int64_t per_key = 0;
  std::uint64_t rate = 0;
  std::string output;
};

flow::option_set options_of(settings& to) {
  flow::option_set options;
  options.add("keys", &to.keys, "K", "number of keys", {.least = 0}).required();
  options.add("per-key", &to.per_key, "N", "records of each key", {.least = 0})
    .required();
  options.add("rate", &to.rate, "R", "records per second in all; 0: no limit");
  options.add("output", &to.output, "DIR", "folder to write to").required();
  options.check([&to]() -> flow::expected<void> {
    std::int64_t records = 0;
    if (!__builtin_mul_overflow(to.keys, to.per_key, &records))
      return {};
    return flow::error{flow::error_code::invalid_argument,
                       "--keys times --per-key is more than 63 bits hold"};
  });
  return options;
}

/// A record that has passed the keyed operator.
struct passed {
  numbered record;
  std::int64_t attempt = 0; ///< which run of the job it passed in
};

/// Counts the records of each key and ends the job at one that is not next.
class count_along {
public:
  void open(flow::keyed_runtime_context<std::int64_t>& context) {
    next_ = context.state(flow::value_state_descriptor<std::int64_t>{"next"});
    attempt_ = context.attempt();
  }

  void process(const numbered& record, flow::keyed_context<std::int64_t>&,
               flow::collector<passed>& out) {
    if (record.seq != next_.value())
      flow::fatal("key " + std::to_string(record.key) + ": number "
                  + std::to_string(record.seq) + " came where "
                  + std::to_string(next_.value()) + " is next");
    next_.update([](std::int64_t& next) { ++next; });
    out.emit({record, attempt_});
  }

private:
  flow::value_state<std::int64_t> next_;
  std::int64_t attempt_ = 0;
};

void write(const passed& row, flow::csv_writer& to) {
  to.integer(row.record.key)
    .integer(row.record.seq)
    .integer(row.attempt)
    .end_row();
}

int run(int argc, char** argv) {
  settings job;
  auto env = flow::stream_environment::from_args(
    argc, argv,
    {"sequence",
     "Numbers records and shows that each arrives once and in order.",
     {"sequence --keys 100 --per-key 1000 --output out -p 4"}},
    options_of(job));
  if (job.rate > 0)
    env.limit_source_rate(job.rate);

  auto numbers = env.from_source<numbered>(
    std::make_shared<keyed_numbers>(job.keys, job.per_key));
  numbers.uid("numbers").name("number records");

  auto counted = numbers.key_by(&numbered::key).process<passed>(count_along{});
  counted.uid("count").name("count along");

  counted
    .sink_to(flow::make_file_sink<passed>(
      {.files = flow::local_files(),
       .folder = job.output + "/" + std::string{flow::results_folder},
       .header = "key,seq,attempt\n"},
      write))
    .uid("write")
    .name("write results");
  return flow::run_into(env, job.output);
}

} // namespace
} // namespace sequence

int main(int argc, char** argv) {
  return sequence::run(argc, argv);
}
