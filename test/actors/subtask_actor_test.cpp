#include "actors/subtask/subtask_actor.hpp"

#include "test/actors/simulation.hpp"
#include "test/actors/task_fixture.hpp"

using namespace flow;
using std::chrono::milliseconds;

namespace {

/// What a subtask tells its neighbours and its job manager.
struct recorded {
  struct element {
    std::uint32_t channel;
    std::uint64_t sequence;
    stream_element what;
  };
  std::vector<element> elements;
  std::vector<std::uint32_t> credits;
  std::vector<task_report> reports;
  int connected = 0;
  int split_requests = 0;
};

/// One subtask between actors that only take notes.
class subtask_bench {
public:
  subtask_bench(const stream_environment& env, const std::string& name)
    : harness_(env, name) {
    peers_ = sim.system.spawn([this](caf::event_based_actor*) {
      return caf::behavior{
        [this](std::uint32_t channel, std::uint64_t sequence,
               stream_element& element) {
          seen.elements.push_back({channel, sequence, std::move(element)});
        },
        [this](credit_atom, std::uint32_t, std::uint32_t,
               std::uint32_t credits) { seen.credits.push_back(credits); },
        [this](connected_atom, std::uint32_t, std::uint32_t) {
          ++seen.connected;
        },
        [this](taskstate_atom, const task_report& report) {
          seen.reports.push_back(report);
        },
        [this](nextsplit_atom, std::uint32_t) { ++seen.split_requests; },
      };
    });
    const task_place& place = harness_.place();
    subtask = sim.system.spawn<subtask_actor>(
      deploy_task{0, place, settings, {}, peers_}, sim.context,
      std::make_shared<step_watch>(place));
    auto wiring = std::make_shared<task_wiring>();
    wiring->outputs.resize(place.vertex().outputs.size());
    for (std::size_t port = 0; port < wiring->outputs.size(); ++port)
      for (std::size_t c = 0; c < harness_.channels_of(port); ++c)
        wiring->outputs[port].push_back(
          {peers_, static_cast<std::uint32_t>(c)});
    for (const auto& channel : place.graph->inputs_of(place.id))
      wiring->inputs.push_back({peers_, 0, channel.input_channel});
    wiring->coordinator = peers_;
    send(connect_atom::value,
         std::shared_ptr<const task_wiring>{std::move(wiring)});
    CHECK(seen.connected == 1);
  }

  ~subtask_bench() {
    send(cancel_atom::value);
    caf::anon_send_exit(peers_, caf::exit_reason::user_shutdown);
    sim.run();
  }

  template <class... Args>
  void send(Args&&... args) {
    caf::anon_send(subtask, std::forward<Args>(args)...);
    sim.run();
  }

  void open() { send(open_atom::value); }

  void deliver(std::uint64_t sequence, stream_element element) {
    send(std::uint32_t{0}, sequence, std::move(element));
  }
  void deliver(std::uint64_t sequence, const std::vector<std::int64_t>& values,
               timestamp mark = min_timestamp) {
    auto batch = record_batch<std::int64_t>::make();
    for (const auto value : values)
      batch->append(value, 0);
    deliver(sequence, stream_element::of_data(std::move(batch), mark));
  }

  [[nodiscard]] task_state state() const {
    return seen.reports.empty() ? task_state::created
                                : seen.reports.back().state;
  }

  task_settings settings;
  recorded seen;
  simulation sim;
  caf::actor subtask;

private:
  task_harness harness_;
  caf::actor peers_;
};

stream_environment plain_map() {
  stream_environment env{test_options()};
  end_apart(input_stream(env).map([](std::int64_t x) { return x; }).name("m"));
  return env;
}

} // namespace

TEST_CASE("a subtask grants its window when it opens, not before") {
  subtask_bench it{plain_map(), "m"};
  CHECK(it.seen.credits.empty());
  it.open();
  CHECK(it.seen.credits == std::vector<std::uint32_t>{16});
  CHECK(it.state() == task_state::running);
}

TEST_CASE("batch, credit and watermark one by one") {
  subtask_bench it{plain_map(), "m"};
  it.open();
  it.deliver(0, {1, 2}, 5);
  CHECK(it.seen.elements.empty()); // no credit
  it.send(credit_atom::value, std::uint32_t{0}, std::uint32_t{0},
          std::uint32_t{1});
  REQUIRE(it.seen.elements.size() == 1);
  CHECK(it.seen.elements[0].what.watermark() == 5);
  CHECK(it.seen.elements[0].sequence == 0);
  it.deliver(1, stream_element::of_watermark(9));
  REQUIRE(it.seen.elements.size() == 2); // costs no credit
  CHECK(it.seen.elements[1].sequence == 1);
  it.deliver(2, stream_element::of_end_of_data(end_mode::drained));
  CHECK(it.state() == task_state::finished);
  CHECK(it.seen.elements.back().what.kind() == element_kind::end_of_partition);
}

TEST_CASE("a gap in the sequence fails the attempt with a text") {
  subtask_bench it{plain_map(), "m"};
  it.open();
  it.deliver(0, {1});
  it.deliver(2, {3});
  REQUIRE(it.state() == task_state::failed);
  CHECK(it.seen.reports.back().cause->text.find("expected element 1, got 2")
        != std::string::npos);
  it.deliver(1, {2}); // a late one finds nobody
  CHECK(it.seen.reports.size() == 2);
}

TEST_CASE("credit beyond the window fails the attempt") {
  subtask_bench it{plain_map(), "m"};
  it.open();
  it.send(credit_atom::value, std::uint32_t{0}, std::uint32_t{0},
          std::uint32_t{17});
  CHECK(it.state() == task_state::failed);
}

TEST_CASE("a cancel ends a subtask that waits for credit") {
  subtask_bench it{plain_map(), "m"};
  it.open();
  for (std::uint64_t i = 0; i < 16; ++i)
    it.deliver(i, std::vector<std::int64_t>(1024, 1), 5);
  CHECK(it.state() == task_state::running);
  it.send(cancel_atom::value);
  CHECK(it.state() == task_state::cancelled);
  CHECK(it.seen.elements.empty());
}

TEST_CASE("a stopped source ends with what it has read") {
  stream_environment env{test_options()};
  end_apart(env.from_sequence(1, 100'000'000)
              .map([](std::int64_t x) { return x; })
              .name("m"));
  subtask_bench it{env, "m"};
  it.open();
  CHECK(it.state() == task_state::running);
  it.send(stop_atom::value);
  CHECK(it.state() == task_state::running); // the overdraft waits for credit
  it.send(credit_atom::value, std::uint32_t{0}, std::uint32_t{0},
          std::uint32_t{16});
  CHECK(it.state() == task_state::finished);
  REQUIRE(it.seen.elements.size() > 2);
  const auto& end = it.seen.elements[it.seen.elements.size() - 2].what;
  REQUIRE(end.kind() == element_kind::end_of_data);
  CHECK(end.ended() == end_mode::stopped);
}

TEST_CASE("a wake that an earlier one has overtaken is ignored") {
  stream_environment env{test_options()};
  end_apart(input_stream(env)
              .assign_timestamps_and_watermarks(
                monotonous_timestamps([](std::int64_t x) { return x; }))
              .name("marks"));
  subtask_bench it{env, "marks"};
  it.open();
  it.send(credit_atom::value, std::uint32_t{0}, std::uint32_t{0},
          std::uint32_t{16});
  // Armed for the watermark in 200 ms, then for the open batch in 10 ms.
  it.deliver(0, {7});
  for (int i = 0; i < 100; ++i) {
    it.sim.advance(milliseconds{10});
    it.sim.run();
  }
  REQUIRE(it.seen.elements.size() == 2);
  CHECK(it.seen.elements[0].what.is_data());
  CHECK(it.seen.elements[1].what.watermark() == 6);
}

TEST_CASE("a subtask says why it waits") {
  subtask_bench it{plain_map(), "m"};
  it.open();
  task_explanation why;
  auto ask = [&] {
    it.sim.system.spawn([&](caf::event_based_actor* self) {
      self->request(it.subtask, caf::infinite, explain_atom::value)
        .then([&](const task_explanation& answer) { why = answer; });
    });
    it.sim.run();
  };
  ask();
  CHECK(why.waiting_for == "input");
  it.deliver(0, std::vector<std::int64_t>(1024, 1), 5);
  ask();
  CHECK(why.waiting_for == "credit of channel 0 to \"no sink\"");
}
