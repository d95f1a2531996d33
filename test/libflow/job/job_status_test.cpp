#include "libflow/job/job_status.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace job_status_test {

using namespace flow;

namespace {

constexpr job_state state_at(std::size_t i) {
  return static_cast<job_state>(i);
}

// Written down once more, independently: for every state, event=state.
const std::map<std::string, std::map<std::string, std::string>> expected_steps =
  {
    {"created",
     {{"start", "scheduling"},
      {"cancel", "cancelled"},
      {"stop", "stopped"},
      {"suspend", "suspended"}}},
    {"scheduling",
     {{"tasks_running", "running"},
      {"task_failed", "failing"},
      {"cancel", "cancelling"},
      {"stop", "scheduling"},
      {"suspend", "suspended"}}},
    {"running",
     {{"tasks_finished", "finished"},
      {"task_failed", "failing"},
      {"cancel", "cancelling"},
      {"stop", "stopping"},
      {"suspend", "suspended"}}},
    {"stopping",
     {{"tasks_finished", "stopped"},
      {"task_failed", "failing"},
      {"cancel", "cancelling"},
      {"stop", "stopping"},
      {"suspend", "suspended"}}},
    {"failing",
     {{"restart_granted", "restarting"},
      {"restart_refused", "failed"},
      {"task_failed", "failing"},
      {"cancel", "cancelling"},
      {"stop", "failing"},
      {"suspend", "suspended"}}},
    {"cancelling",
     {{"tasks_gone", "cancelled"},
      {"task_failed", "cancelling"},
      {"cancel", "cancelling"},
      {"stop", "cancelling"},
      {"suspend", "suspended"}}},
    {"restarting",
     {{"restart_due", "scheduling"},
      {"cancel", "cancelled"},
      {"stop", "restarting"},
      {"suspend", "suspended"}}},
    {"finished", {{"cancel", "finished"}, {"stop", "finished"}}},
    {"stopped", {{"cancel", "stopped"}, {"stop", "stopped"}}},
    {"cancelled", {{"cancel", "cancelled"}, {"stop", "cancelled"}}},
    {"failed", {{"cancel", "failed"}, {"stop", "failed"}}},
    {"suspended", {{"cancel", "suspended"}, {"stop", "suspended"}}},
};

const std::map<std::string, std::set<std::string>> expected_task_steps = {
  {"created", {"scheduled", "cancelled"}},
  {"scheduled", {"deploying", "cancelled", "failed"}},
  {"deploying", {"initializing", "cancelling", "failed"}},
  {"initializing", {"running", "cancelling", "failed"}},
  {"running", {"finished", "cancelling", "failed"}},
  {"cancelling", {"cancelled", "finished", "failed"}},
  {"finished", {}},
  {"cancelled", {}},
  {"failed", {}},
};

} // namespace

TEST_CASE("every pair of job state and event is legal exactly as written") {
  for (std::size_t s = 0; s < job_state_count; ++s) {
    for (std::size_t e = 0; e < job_event_count; ++e) {
      const auto event = static_cast<job_event>(e);
      const std::string from{to_string(state_at(s))};
      const std::string what{to_string(event)};
      CAPTURE(from);
      CAPTURE(what);
      const auto next = next_state(state_at(s), event);
      const auto& row = expected_steps.at(from);
      REQUIRE(next.has_value() == row.contains(what));
      if (next)
        CHECK(to_string(*next) == row.at(what));
    }
  }
}

TEST_CASE("every pair of task states is legal exactly as written") {
  for (std::size_t a = 0; a < task_state_count; ++a) {
    for (std::size_t b = 0; b < task_state_count; ++b) {
      const auto from = static_cast<task_state>(a);
      const auto to = static_cast<task_state>(b);
      CAPTURE(to_string(from));
      CAPTURE(to_string(to));
      const bool wanted = expected_task_steps.at(std::string{to_string(from)})
                            .contains(std::string{to_string(to)});
      CHECK(is_legal(from, to) == wanted);
    }
  }
}

TEST_CASE("no step is listed twice") {
  std::set<std::pair<job_state, job_event>> jobs;
  for (const job_transition& step : job_transitions())
    CHECK(jobs.emplace(step.from, step.event).second);
  std::set<std::pair<task_state, task_state>> tasks;
  for (const task_transition& step : task_transitions())
    CHECK(tasks.emplace(step.from, step.to).second);
}

TEST_CASE("a job that has ended stays as it is") {
  for (const job_transition& step : job_transitions())
    if (is_terminal(step.from))
      CHECK(step.to == step.from);
}

TEST_CASE("every job can be ended from every state") {
  for (std::size_t s = 0; s < job_state_count; ++s) {
    std::set<job_state> reached = {state_at(s)};
    std::vector<job_state> open = {state_at(s)};
    while (!open.empty()) {
      const job_state at = open.back();
      open.pop_back();
      for (const job_transition& step : job_transitions())
        if (step.from == at && reached.insert(step.to).second)
          open.push_back(step.to);
    }
    bool ends = false;
    for (const job_state state : reached)
      ends = ends || is_terminal(state);
    CHECK(ends);
  }
}

TEST_CASE("finished and stopped are successes") {
  CHECK(exit_code_of(job_outcome::finished) == exit_code::ok);
  CHECK(exit_code_of(job_outcome::stopped) == exit_code::ok);
  CHECK(exit_code_of(job_outcome::cancelled) == exit_code::failed);
  CHECK(exit_code_of(job_outcome::failed) == exit_code::failed);
}

TEST_CASE("an outcome is named as its state is") {
  for (std::size_t s = 0; s < job_state_count; ++s) {
    const auto outcome = outcome_of(state_at(s));
    if (outcome)
      CHECK(to_string(*outcome) == to_string(state_at(s)));
    const bool wanted =
      is_terminal(state_at(s)) && state_at(s) != job_state::suspended;
    CHECK(outcome.has_value() == wanted);
  }
}

TEST_CASE("errors of commands have the exit codes of the contract") {
  CHECK(to_int(exit_code_of(error_code::invalid_argument)) == 2);
  CHECK(to_int(exit_code_of(error_code::not_found)) == 3);
  CHECK(to_int(exit_code_of(error_code::timed_out)) == 5);
  CHECK(to_int(exit_code_of(error_code::corrupt_data)) == 6);
  CHECK(to_int(exit_code_of(error_code::io)) == 1);
  CHECK(to_int(exit_code::unreachable) == 4);
  CHECK(to_int(exit_code::interrupted) == 130);
  CHECK(to_int(exit_code::terminated) == 143);
}

} // namespace job_status_test
