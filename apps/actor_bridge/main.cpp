// Actors around a dataflow: one feeds it against credit, one takes its results
// against acknowledgements, and the program asks the running job how it does
// before it stops it.
//
//   sensor --reading--> [ by station: running average ] --average--> display
//          <--credit---                                 <--ack------

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>

#include "actors/flow_actors.hpp"

namespace bridge {

constexpr std::chrono::seconds patience{10};

/// A temperature in hundredths of a degree.
struct reading {
  std::uint32_t station = 0;
  std::int64_t value = 0;
};

/// All readings of a station so far.
struct average {
  std::uint32_t station = 0;
  std::int64_t readings = 0;
  std::int64_t sum = 0;
};

struct settings {
  std::uint64_t readings = 1000;
  std::uint32_t stations = 4;
  std::uint32_t window = 64;
};

/// What the display has seen when everything has arrived.
struct shown {
  std::map<std::uint32_t, average> latest;
  std::uint64_t deliveries = 0;
};

/// What the sensor did until its last reading was sent.
struct sensor_report {
  std::uint64_t sent = 0;
  std::uint32_t most_at_once = 0; ///< before it had to wait for credit
};

} // namespace bridge

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bridge::shown)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bridge::sensor_report)

namespace bridge {

namespace {

// -- the sensor ---------------------------------------------------------------

struct sensor_state {
  std::optional<flow::source_sender<reading>> out;
  std::uint32_t most_at_once = 0;
};

using sensor_actor = caf::stateful_actor<sensor_state>;

/// Deterministic, so that every run shows the same averages.
reading reading_number(std::uint64_t n, const settings& wanted) {
  const auto station = static_cast<std::uint32_t>(n % wanted.stations);
  return {station, 1500 + 100 * std::int64_t{station}
                     + static_cast<std::int64_t>(n * 37 % 200)};
}

void send_readings(sensor_actor* self, const settings& wanted,
                   const caf::actor& boss) {
  auto& out = *self->state.out;
  const std::uint64_t before = out.sent();
  while (out.sent() < wanted.readings
         && out.offer(self, reading_number(out.sent(), wanted)))
    continue;
  self->state.most_at_once = std::max(
    self->state.most_at_once, static_cast<std::uint32_t>(out.sent() - before));
  if (before < wanted.readings && out.sent() == wanted.readings)
    self->send(boss, sensor_report{out.sent(), self->state.most_at_once});
}

caf::behavior sensor(sensor_actor* self, flow::source_handle<reading> source,
                     settings wanted, caf::actor boss) {
  self->state.out.emplace(std::move(source));
  self->state.out->attach(self);
  return {
    [=](const flow::source_credit& credit) {
      self->state.out->on_credit(credit);
      send_readings(self, wanted, boss);
    },
    [](const flow::source_refused&) {
      // The job was stopped before it took these readings.
    },
    [=](const flow::source_closed& closed) {
      self->state.out->on_closed(closed);
      self->quit();
    },
  };
}

// -- the display --------------------------------------------------------------

struct display_state {
  shown seen;
  std::uint64_t records = 0;
};

caf::behavior display(caf::stateful_actor<display_state>* self,
                      std::uint64_t expected, caf::actor boss) {
  return {
    [=](const flow::delivery<average>& delivery) {
      auto& state = self->state;
      ++state.seen.deliveries;
      for (const average& each : delivery.values())
        state.seen.latest[each.station] = each;
      state.records += delivery.values().size();
      flow::acknowledge(self, delivery);
      if (state.records == expected)
        self->send(boss, state.seen);
    },
  };
}

// -- the program --------------------------------------------------------------

flow::data_stream<average>
running_average(const flow::data_stream<reading>& readings) {
  return readings
    .map([](const reading& each) {
      return average{each.station, 1, each.value};
    })
    .name("to average")
    .key_by(&average::station)
    .reduce([](const average& a, const average& b) {
      return average{a.station, a.readings + b.readings, a.sum + b.sum};
    })
    .name("running average")
    .uid("running-average");
}

void print(const shown& seen) {
  std::printf("display:  %zu stations\n", seen.latest.size());
  for (const auto& [station, each] : seen.latest)
    std::printf("  station %u: %lld readings, average %.2f degrees\n", station,
                static_cast<long long>(each.readings),
                static_cast<double>(each.sum)
                  / static_cast<double>(each.readings) / 100);
}

/// Who waits, and for which job.
struct follower {
  caf::scoped_actor& self;
  const flow::job_control& job;
  flow::job_signals& signals;
};

/// Asks the job's control actor and shows the answer.
template <class Atom, class Show>
bool ask(const follower& by, Atom what, Show show) {
  bool answered = true;
  by.self->request(by.job.actor(), patience, what)
    .receive(show, [&](const caf::error&) {
      std::cerr << "actor_bridge: the job does not answer\n";
      answered = false;
    });
  return answered;
}

/// Waits for the next message to main and shows it; passes signals on.
/// @return false when the job was asked to stop or has ended before it came
template <class Message, class Show>
bool hear(const follower& by, Show show) {
  constexpr std::chrono::milliseconds tick{100};
  for (bool heard = false;;) {
    by.self->receive(
      [&](const Message& message) {
        show(message);
        heard = true;
      },
      caf::after(tick) >> [] {});
    if (heard)
      return true;
    if (by.job.wait(std::chrono::milliseconds{0}))
      return false;
    if (by.signals.take_status_request())
      ask(by, flow::status_atom::value,
          [](const flow::job_status_report& report) {
            flow::print_status(std::cerr, report);
          });
    if (by.signals.stop_requested()) {
      std::cerr << flow::stopping_text;
      by.job.stop();
      return false;
    }
  }
}

/// What happens, in the order of the story.
void follow(const follower& by) {
  hear<sensor_report>(by,
                      [](const sensor_report& report) {
                        std::printf(
                          "sensor:   sent %llu readings, "
                          "at most %u at once\n",
                          static_cast<unsigned long long>(report.sent),
                          report.most_at_once);
                      })
    && hear<shown>(by, [](const shown& seen) { print(seen); })
    && ask(by, flow::status_atom::value,
           [](const flow::job_status_report& report) {
             std::printf("control:  the job is %s, %zu subtasks\n",
                         std::string{to_string(report.state)}.c_str(),
                         report.subtasks.size());
           })
    && ask(by, flow::stop_atom::value,
           [](bool) { std::printf("control:  asked it to stop\n"); });
}

int run(const flow::stream_environment& env, caf::actor_system& system,
        const flow::source_handle<reading>& source, const settings& wanted,
        caf::scoped_actor& self) {
  flow::job_signals signals;
  auto job = flow::execute_async(env, system);
  if (!job) {
    std::cerr << "actor_bridge: " << job.error().text << '\n';
    return 2;
  }
  system.spawn(sensor, source, wanted, caf::actor_cast<caf::actor>(self));
  follow({self, *job, signals});
  const flow::job_result result = job->wait();
  if (result.cause)
    std::cerr << "actor_bridge: job failed: " << result.cause->text << '\n';
  std::printf("job:      %s, %llu records in, %llu out\n",
              std::string{to_string(result.outcome)}.c_str(),
              static_cast<unsigned long long>(result.summary.records_in),
              static_cast<unsigned long long>(result.summary.records_out));
  if (env.options().summary_json) {
    std::fflush(stdout);
    std::cout << to_json(result.summary) << std::endl;
  }
  return to_int(exit_code_of(result.outcome));
}

} // namespace

} // namespace bridge

int main(int argc, char** argv) {
  using namespace bridge;
  settings wanted;
  flow::option_set own;
  own.add("readings", &wanted.readings, "N", "readings that the sensor sends",
          {1, 1'000'000'000});
  own.add("stations", &wanted.stations, "N", "stations they come from",
          {1, 1000});
  own.add("window", &wanted.window, "N",
          "readings the sensor may be ahead of the job", {1, 1'000'000});
  auto env = flow::stream_environment::from_args(
    argc, argv,
    {"actor_bridge",
     "Actors feed a dataflow, receive its results and control it.",
     {"actor_bridge --readings 5000 --stations 3"}},
    std::move(own));

  flow::runtime_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  auto [readings, source] = flow::from_actor<reading>(
    env, system, "readings", {.window = wanted.window});
  const caf::actor screen =
    system.spawn(display, wanted.readings, caf::actor_cast<caf::actor>(self));
  flow::to_actor(running_average(readings), screen, "display");

  if (env.options().explain != flow::explain_format::none)
    return env.execute();
  return run(env, system, source, wanted, self);
}
