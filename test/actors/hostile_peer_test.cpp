/// What a process of a job sends to another, inside a link that they have
/// agreed upon, may be anything: it ends the link or an attempt, with a reason,
/// and no process.

#include <array>
#include <optional>
#include <random>

#include "test/actors/task_fixture.hpp"
#include "test/actors/worker_pair.hpp"
#include "test/support/test_seed.hpp"

using namespace flow;

namespace {

using buffer = peer_link::buffer;
using random_type = std::mt19937_64;

frame_harm unharmed() {
  return [](buffer bytes) { return std::vector<buffer>{std::move(bytes)}; };
}

std::optional<test::frame> frame_in(const buffer& bytes) {
  net::frame_reader reader;
  test::feed(reader, bytes);
  const auto view = reader.next();
  if (!view || !*view)
    return std::nullopt;
  return test::frame{**view};
}

buffer sealed(const test::frame& from) {
  buffer bytes;
  REQUIRE(net::encode_frame(from.header, from.payload, bytes));
  return bytes;
}

void change_payload(std::vector<std::byte>& payload, random_type& random) {
  switch (random() % 4) {
  case 0:
    payload.resize(random() % (payload.size() + 1));
    break;
  case 1:
    payload.insert(payload.end(), random() % 20,
                   static_cast<std::byte>(random()));
    break;
  case 2:
    for (auto& each : payload)
      each = static_cast<std::byte>(random());
    break;
  default:
    for (auto flips = 1 + random() % 4; flips > 0 && !payload.empty(); --flips)
      payload[random() % payload.size()] =
        static_cast<std::byte>(random() % 2 == 0 ? random() : random() % 4);
  }
}

void change_header(net::frame_header& header, random_type& random) {
  switch (random() % 6) {
  case 0:
    header.sequence += random() % 3 == 0 ? random() : 1;
    break;
  case 1:
    header.sequence = random() % 4;
    break;
  case 2:
    header.channel = channel_index{static_cast<std::uint32_t>(random() % 10)};
    break;
  case 3:
    header.attempt = attempt_number{static_cast<std::uint32_t>(random() % 3)};
    break;
  case 4:
    header.kind = static_cast<net::frame_kind>(1 + random() % 5);
    break;
  default:
    header.flags = static_cast<std::uint8_t>(random());
  }
}

/// Harms one frame of one link: changes it, behind right checksums, repeats it,
/// or has it arrive behind the next.
class one_harm {
public:
  explicit one_harm(std::uint64_t seed) : random_(seed) {
    using enum link_direction::between;
    constexpr std::array all{job_and_worker, data, data};
    where_ = {all[random_() % all.size()],
              static_cast<std::uint32_t>(random_() % 2)};
    at_ = random_() % (where_.what == data ? 12 : 6);
  }

  frame_harm on(const link_direction& link) {
    if (link.what != where_.what || link.from != where_.from)
      return unharmed();
    return [this](buffer bytes) { return pass(std::move(bytes)); };
  }

  [[nodiscard]] bool done() const { return done_; }

private:
  std::vector<buffer> pass(buffer bytes) {
    if (held_)
      return {std::move(bytes), *std::exchange(held_, std::nullopt)};
    if (count_++ != at_)
      return {std::move(bytes)};
    done_ = true;
    auto frame = frame_in(bytes);
    if (!frame)
      return {std::move(bytes)};
    switch (random_() % 5) {
    case 0:
      return {bytes, bytes};
    case 1:
      held_ = std::move(bytes);
      return {};
    case 2:
      change_header(frame->header, random_);
      break;
    default:
      change_payload(frame->payload, random_);
    }
    return {sealed(*frame)};
  }

  random_type random_;
  link_direction where_;
  std::uint64_t at_ = 0;
  std::uint64_t count_ = 0;
  bool done_ = false;
  std::optional<buffer> held_;
};

/// Numbers through a keyed operator with state and timers, and a computed key.
class job {
public:
  job() : env_(test_options(2)) {
    rows = env_.from_sequence(1, last)
             .assign_timestamps_and_watermarks(
               monotonous_timestamps([](std::int64_t x) { return x; }))
             .key_by([](const std::int64_t& x) { return x % 50; })
             .process<std::int64_t>(counting{})
             .shuffle()
             .map([](std::int64_t x) { return x; })
             .collect();
  }

  static constexpr std::int64_t last = 6'000;

  [[nodiscard]] std::shared_ptr<const job_graph> graph() const {
    auto graph = env_.build();
    REQUIRE(graph);
    return *graph;
  }

  std::optional<collected<std::int64_t>> rows;

private:
  struct counting {
    void open(keyed_runtime_context<std::int64_t>& context) {
      count = context.state(value_state_descriptor<std::int64_t>{"count"});
    }
    void process(std::int64_t x, keyed_context<std::int64_t>& context,
                 collector<std::int64_t>& out) {
      count.update([](std::int64_t& all) { ++all; });
      context.register_event_timer(max_timestamp);
      out.emit(x);
    }
    void on_timer(timestamp, timer_context<std::int64_t>&,
                  collector<std::int64_t>& out) {
      out.emit(-count.value());
    }
    value_state<std::int64_t> count;
  };

  stream_environment env_;
};

} // namespace

TEST_CASE("two workers do a job for whoever gives them orders") {
  const job work;
  worker_pair pair{work.graph(),
                   [](const link_direction&) { return unharmed(); }};
  pair.run_job();
  CHECK(pair.all_ended());
  for (const auto& [task, report] : pair.reports)
    CHECK_MESSAGE(report.state == task_state::finished,
                  (report.cause ? report.cause->text : ""));
  std::int64_t numbers = 0;
  std::int64_t counted = 0;
  for (const std::int64_t row : work.rows->records())
    (row > 0 ? numbers : counted) += row > 0 ? 1 : -row;
  CHECK(numbers == job::last);
  CHECK(counted == job::last);
}

TEST_CASE("what a peer sends ends a link or an attempt, and no process") {
  const std::uint64_t first = test_seed();
  constexpr std::uint64_t runs = 600;
  std::uint64_t harmed = 0;
  std::uint64_t failed = 0;
  std::uint64_t closed = 0;
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    CAPTURE(seed);
    const job work;
    one_harm harm{seed};
    worker_pair pair{work.graph(),
                     [&](const link_direction& link) { return harm.on(link); }};
    pair.run_job();
    bool any = false;
    for (const auto& [task, report] : pair.reports)
      if (report.state == task_state::failed) {
        any = true;
        CHECK(!report.cause->text.empty());
      }
    for (std::uint32_t worker = 0; worker < 2; ++worker)
      CHECK((pair.answers(worker) || !pair.ended[worker].empty()
             || pair.busy_for_ever));
    harmed += harm.done() ? 1 : 0;
    failed += any ? 1 : 0;
    closed += pair.closed > 0 ? 1 : 0;
  }
  MESSAGE(harmed << " of " << runs << " harmed, an attempt failed in " << failed
                 << ", a link ended in " << closed);
  CHECK(failed > runs / 10);
  CHECK(closed > runs / 20);
}
