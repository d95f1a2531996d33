/// How often does each word occur?
///
/// Reads a text file or a socket. Of a file, each word's total is written once
/// the file has ended; of a socket (and with --updates), a word's new count is
/// written each time it is seen.

#include <optional>

#include "apps/support/run_into.hpp"
#include "apps/word_count/words.hpp"
#include "libflow/connectors/files/file_sink.hpp"
#include "libflow/connectors/files/text_source.hpp"
#include "libflow/connectors/sockets/socket_source.hpp"
#include "libflow/flow.hpp"

namespace {

using namespace std::chrono_literals;

struct word_count {
  flow::text word;
  std::int64_t count = 0;
};

std::ostream& operator<<(std::ostream& out, const word_count& row) {
  return out << row.word.view() << ',' << row.count;
}

struct settings {
  std::optional<std::string> input;
  std::optional<std::string> socket;
  std::optional<std::string> output;
  bool updates = false;
};

flow::option_set options_of(settings& to) {
  flow::option_set options;
  options.add("input", &to.input, "FILE", "text to read");
  options.add("socket", &to.socket, "HOST:PORT", "where to read text instead");
  options.add("output", &to.output, "DIR", "folder to write to; else prints");
  options.add("updates", &to.updates, "write every change of a count");
  options.check([&to]() -> flow::expected<void> {
    if (to.input.has_value() != to.socket.has_value())
      return {};
    return flow::error{flow::error_code::invalid_argument,
                       "give either --input FILE or --socket HOST:PORT"};
  });
  return options;
}

/// Counts a word up and tells each new count.
class count_up {
public:
  void open(flow::keyed_runtime_context<flow::text>& context) {
    count_ = context.state(flow::value_state_descriptor<std::int64_t>{"count"});
  }
  void process(const flow::text& word, flow::keyed_context<flow::text>&,
               flow::collector<word_count>& out) {
    count_.update([](std::int64_t& count) { ++count; });
    out.emit({word, count_.value()});
  }

private:
  flow::value_state<std::int64_t> count_;
};

/// Counts a word up and keeps the count to itself.
struct count_all {
  using accumulator = std::int64_t;
  void add(std::int64_t& count, const flow::text&) const { ++count; }
  std::int64_t result(const std::int64_t& count) const { return count; }
};

flow::data_stream<word_count> count(const flow::data_stream<flow::text>& words,
                                    bool updates) {
  const auto itself = [](const flow::text& word) { return word; };
  if (updates)
    return words.key_by(itself).process<word_count>(count_up{});
  // Words have no time: all fall into one window, which the end completes.
  return words
    .assign_timestamps_and_watermarks(flow::timestamps_without_watermarks(
      [](const flow::text&) { return flow::timestamp{0}; }))
    .uid("no-time")
    .key_by(itself)
    .window(flow::tumbling_event_time(1ms))
    .aggregate(count_all{},
               [](const flow::window_context<flow::text>& context,
                  const std::int64_t& total, flow::collector<word_count>& out) {
                 out.emit({context.key(), total});
               });
}

flow::expected<flow::data_stream<flow::text>>
lines_of(flow::stream_environment& env, const settings& job) {
  if (job.input)
    return env.from_source<flow::text>(
      std::make_shared<flow::text_source>(flow::local_files(), *job.input));
  auto address = flow::parse_socket_address(*job.socket);
  if (!address)
    return address.error();
  return env.from_source<flow::text>(
    std::make_shared<flow::socket_source>(std::move(*address)));
}

void write(const flow::data_stream<word_count>& counts,
           const std::string& output) {
  counts
    .sink_to(flow::make_file_sink<word_count>(
      {.files = flow::local_files(),
       .folder = output + "/" + std::string{flow::results_folder},
       .header = "word,count\n"},
      [](const word_count& row, flow::csv_writer& to) {
        to.text(row.word).integer(row.count).end_row();
      }))
    .uid("write");
}

} // namespace

int main(int argc, char** argv) {
  settings job;
  auto env = flow::stream_environment::from_args(
    argc, argv,
    {"word_count",
     "Counts how often each word occurs.",
     {"word_count --input README.md",
      "word_count --socket localhost:9999 --updates"}},
    options_of(job));

  auto lines = lines_of(env, job);
  if (!lines)
    return flow::report_failure(env, lines.error());
  lines->uid("read");

  auto words = lines->flat_map(split_words);
  words.uid("words").name("words");

  auto counts = count(words, job.updates || job.socket);
  counts.uid("count").name("count");

  if (job.output) {
    write(counts, *job.output);
    return flow::run_into(env, *job.output);
  }
  counts.print().uid("print").set_parallelism(1);
  return env.execute();
}
