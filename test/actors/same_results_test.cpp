#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <vector>

#include "test/actors/simulation.hpp"
#include "test/support/test_seed.hpp"

using namespace flow;

// At parallelism 1, with watermarks every few rows and a clock that is the
// test's, a job's results, where they stand between the watermarks, and its
// side outputs depend neither on chaining nor on the size of batches.

namespace {

struct reading {
  std::int64_t key = 0;
  std::int64_t value = 0;
  timestamp time = 0;

  friend bool operator==(const reading&, const reading&) = default;
};

/// A record with the watermark that held when it came, and its timestamp.
struct seen {
  reading what;
  timestamp stamp = 0;
  timestamp watermark = 0;

  friend bool operator==(const seen&, const seen&) = default;
};

/// Hands out so many records at once.
class sized_source final : public source<reading> {
public:
  sized_source(std::vector<reading> records, std::size_t batch)
    : records_(
      std::make_shared<const std::vector<reading>>(std::move(records))),
      batch_(batch) {}

  [[nodiscard]] std::string kind() const override { return "sized"; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] replay_guarantee replay() const override {
    return replay_guarantee::at_most_once;
  }
  [[nodiscard]] std::unique_ptr<source_reader<reading>>
  make_reader() const override {
    return std::make_unique<reader>(records_, batch_);
  }

private:
  class reader final : public source_reader<reading> {
  public:
    reader(std::shared_ptr<const std::vector<reading>> records,
           std::size_t batch)
      : records_(std::move(records)), batch_(batch) {}

    expected<void> open(source_context&) override { return {}; }
    expected<poll_result> poll(record_batch<reading>& out,
                               std::size_t room) override {
      for (std::size_t i = std::min(room, batch_);
           i > 0 && next_ < records_->size(); --i)
        out.append((*records_)[next_++], min_timestamp);
      return poll_result{next_ == records_->size() ? poll_status::finished
                                                   : poll_status::more,
                         {}};
    }

  private:
    std::shared_ptr<const std::vector<reading>> records_;
    std::size_t batch_;
    std::size_t next_ = 0;
  };

  std::shared_ptr<const std::vector<reading>> records_;
  std::size_t batch_;
};

/// Emits what it takes with the time that it sees.
data_stream<seen> observed(const data_stream<reading>& from) {
  return from.process<seen>(
    [](const reading& in, process_context& context, collector<seen>& out) {
      out.emit({in, context.record_timestamp(), context.current_watermark()});
    });
}

struct sum {
  using accumulator = std::int64_t;
  void add(accumulator& acc, const reading& in) const { acc += in.value; }
  void merge(accumulator& acc, const accumulator& other) const { acc += other; }
  std::int64_t result(const accumulator& acc) const { return acc; }
};

/// A job with an operator of each manner: one by one, several out, windows
/// with late records, sessions, side outputs.
class job {
public:
  job(const std::vector<reading>& records, std::size_t batch, bool chained)
    : chained_(chained), env_(options()) {
    auto numbers = piece(
      env_.from_source<reading>(std::make_shared<sized_source>(records, batch))
        .assign_timestamps_and_watermarks(
          bounded_out_of_orderness(duration_ms{8}, &reading::time)));
    auto split = piece(numbers.process<reading>(
      [](const reading& in, process_context& context, collector<reading>& out) {
        if (in.value % 5 == 0)
          context.emit(fives(), in);
        for (std::int64_t i = 0; i < in.value % 3; ++i)
          out.emit({in.key, in.value + i, in.time});
      }));
    auto sums = summed(split, tumbling_event_time{duration_ms{10}});
    auto sessions = summed(split, session_event_time{duration_ms{4}});
    for (const auto& each :
         {sums, sums.side_output(late()), sessions,
          sessions.side_output(late()), split.side_output(fives())})
      results_.push_back(piece(observed(each)).collect());
  }

  std::vector<std::vector<seen>> run() {
    auto graph = env_.build();
    REQUIRE(graph);
    simulated_cluster cluster{*graph, env_.options()};
    std::mt19937_64 random{test_seed()};
    REQUIRE(cluster.run_to_end(random));
    REQUIRE(cluster.end->outcome == job_outcome::finished);
    std::vector<std::vector<seen>> all;
    for (const auto& each : results_)
      all.push_back(each.records());
    return all;
  }

private:
  static const output_tag<reading>& late() {
    static const output_tag<reading> tag{"late"};
    return tag;
  }
  static const output_tag<reading>& fives() {
    static const output_tag<reading> tag{"fives"};
    return tag;
  }

  static job_options options() {
    job_options result;
    result.job_name = "same";
    result.watermark_every_rows = 5;
    return result;
  }

  template <class T>
  data_stream<T> piece(data_stream<T> of) const {
    if (!chained_)
      of.disable_chaining();
    return of;
  }

  template <class Windows>
  data_stream<reading> summed(const data_stream<reading>& from,
                              Windows of) const {
    auto windows = from.key_by(&reading::key).window(of);
    windows.allowed_lateness(duration_ms{3}).side_output_late(late());
    return piece(windows.template aggregate<reading>(
      sum{}, [](const window_context<std::int64_t>& context,
                const std::int64_t& result, collector<reading>& out) {
        out.emit({context.key(), result, context.window().start});
      }));
  }

  bool chained_;
  stream_environment env_;
  std::vector<collected<seen>> results_;
};

std::vector<reading> random_records(std::mt19937_64& random) {
  std::vector<reading> result;
  timestamp now = -50;
  for (int i = 0; i < 3'000; ++i) {
    now += static_cast<timestamp>(random() % 3);
    result.push_back({static_cast<std::int64_t>(random() % 6),
                      static_cast<std::int64_t>(random() % 30),
                      now - static_cast<timestamp>(random() % 30)});
  }
  return result;
}

} // namespace

TEST_CASE("neither chaining nor the size of batches shows in the results") {
  std::mt19937_64 random{test_seed()};
  for (int round = 0; round < 3; ++round) {
    const auto records = random_records(random);
    const auto wanted = job{records, 1, true}.run();
    for (const auto& each : wanted)
      REQUIRE(each.size() > 10);
    for (const std::size_t batch : {1U, 7U, 1024U})
      for (const bool chained : {true, false}) {
        CAPTURE(batch);
        CAPTURE(chained);
        const auto found = job{records, batch, chained}.run();
        for (std::size_t i = 0; i < wanted.size(); ++i) {
          CAPTURE(i);
          CHECK((found[i] == wanted[i]));
        }
      }
  }
}
