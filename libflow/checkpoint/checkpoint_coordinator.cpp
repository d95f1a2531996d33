#include "libflow/checkpoint/checkpoint_coordinator.hpp"

#include <algorithm>
#include <utility>

#include "libflow/core/assert.hpp"

namespace flow {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using kind = checkpoint_step::kind;

checkpoint_step step_of(kind what, std::uint64_t id) {
  checkpoint_step step;
  step.what = what;
  step.id = id;
  return step;
}

checkpoint_step abort_step(std::uint64_t id, checkpoint_failure why) {
  checkpoint_step step = step_of(kind::notify_aborted, id);
  step.failure = why;
  return step;
}

/// Their names, as a chain is called.
std::string operators_of(const vertex_state& vertex) {
  std::string result;
  for (const operator_entry& each : vertex.operators)
    result += (result.empty() ? "\"" : " -> ") + each.name;
  return result + "\"";
}

} // namespace

std::string_view to_string(checkpoint_failure why) noexcept {
  switch (why) {
  case checkpoint_failure::declined:
    return "declined";
  case checkpoint_failure::expired:
    return "expired";
  case checkpoint_failure::not_stored:
    return "not stored";
  case checkpoint_failure::subsumed:
    return "subsumed";
  case checkpoint_failure::cancelled:
    return "cancelled";
  case checkpoint_failure::attempt_failed:
    return "attempt failed";
  case checkpoint_failure::partly_ended:
    return "partly ended";
  }
  return "?";
}

bool counts(checkpoint_failure why) noexcept {
  return why == checkpoint_failure::declined
         || why == checkpoint_failure::expired
         || why == checkpoint_failure::not_stored;
}

checkpoint_coordinator::checkpoint_coordinator(
  checkpoint_options options, checkpoint_plan plan, std::uint64_t next_id,
  std::vector<std::uint64_t> retained)
  : options_(std::move(options)), plan_(std::move(plan)), next_id_(next_id),
    retained_(retained.begin(), retained.end()),
    tasks_(plan_.tasks.size(), task_stage::running) {
  FLOW_ASSERT(next_id_ > 0, "checkpoints count from 1");
  for (const auto& task : plan_.tasks)
    regions_.resize(std::max(regions_.size(), std::size_t{task.region} + 1));
  if (!retained_.empty())
    latest_completed_ = retained_.back();
}

// -- attempts -----------------------------------------------------------------

checkpoint_coordinator::steps
checkpoint_coordinator::attempt_begins(std::uint32_t attempt,
                                       std::uint32_t region) {
  steps out;
  running_ = false;
  regions_[region] = {attempt, false};
  for (std::size_t i = 0; i < tasks_.size(); ++i)
    if (plan_.tasks[i].region == region)
      tasks_[i] = task_stage::running;
  if (stopping_ && last_ && regions_.size() > 1)
    fail_torn(*last_, out);
  last_.reset();
  return out;
}

checkpoint_coordinator::steps
checkpoint_coordinator::attempt_running(std::uint32_t attempt, time_point now,
                                        std::uint32_t region) {
  if (attempt != regions_[region].attempt)
    return {};
  regions_[region].running = true;
  running_ = std::ranges::all_of(regions_,
                                 [](const auto& each) { return each.running; });
  if (!running_)
    return {};
  // A restart does not put off what was due: until the next one, nothing is
  // committed.
  if (options_.interval)
    due_ = due_ ? std::max(*due_, now) : now + *options_.interval;
  return {};
}

checkpoint_coordinator::steps
checkpoint_coordinator::attempt_ended(std::uint32_t region) {
  steps out;
  running_ = false;
  regions_[region].running = false;
  // One that is being made durable is not undone: its answer decides.
  for (auto it = pending_.begin(); it != pending_.end();) {
    if (it->second.publishing) {
      ++it;
      continue;
    }
    if (auto* report = history_.find(it->first)) {
      report->state = checkpoint_report::outcome::failed;
      report->failure = to_string(checkpoint_failure::attempt_failed);
    }
    if (any_runs()) // tasks of other regions have their part in it
      out.push_back(abort_step(it->first, checkpoint_failure::attempt_failed));
    out.push_back(step_of(kind::discard_unfinished, it->first));
    if (due_)
      due_ = std::min(*due_, it->second.since); // taken anew at once
    it = pending_.erase(it);
  }
  return out;
}

checkpoint_coordinator::steps
checkpoint_coordinator::job_stops(time_point now) {
  steps out;
  if (!std::exchange(stopping_, true))
    give_up_all("the job stops", now, out);
  retell_at_ = now + retell_interval;
  return out;
}

/// Some regions of a job that stops have ended with the last checkpoint, or are
/// about to, and one has not: a further one would lack the state of the others.
void checkpoint_coordinator::fail_torn(std::uint64_t last, steps& out) {
  checkpoint_step step = step_of(kind::fail_job, last);
  step.cause =
    error{error_code::cancelled,
          "a part of the job failed after the job had stopped with checkpoint "
            + std::to_string(last) + "; --restore latest goes on from there",
          error_severity::fatal};
  out.push_back(std::move(step));
}

// -- when ---------------------------------------------------------------------

/// Whether others than the last one are taken.
bool checkpoint_coordinator::goes_on() const {
  return running_ && !stopping_ && !last_ && !all_at_end();
}

bool checkpoint_coordinator::may_trigger(time_point now) const {
  if (!goes_on() || pending_.size() >= options_.max_concurrent)
    return false;
  return !last_completed_at_ || now >= *last_completed_at_ + options_.min_pause;
}

bool checkpoint_coordinator::all_at_end() const {
  return std::ranges::all_of(
           tasks_, [](task_stage each) { return each != task_stage::running; })
         && std::ranges::find(tasks_, task_stage::at_end) != tasks_.end();
}

bool checkpoint_coordinator::last_wanted() const {
  return running_ && !last_ && pending_.empty() && all_at_end();
}

checkpoint_coordinator::steps checkpoint_coordinator::tick(time_point now,
                                                           timestamp wall) {
  steps out;
  for (auto it = pending_.begin(); it != pending_.end();) {
    const auto which = it++;
    if (!which->second.publishing
        && now >= which->second.since + options_.timeout)
      give_up(which, checkpoint_failure::expired,
              "not complete after " + std::to_string(options_.timeout.count())
                + " ms",
              now, out);
  }
  if (last_wanted() && now >= last_not_before_) {
    pending_.at(begin(0, now, wall, out)).last = true;
    return out;
  }
  retell_last(now, out);
  // An interval that passed unused is not made up for.
  if (due_ && now >= *due_ && may_trigger(now)) {
    begin(0, now, wall, out);
    due_ = now + *options_.interval;
  }
  return out;
}

/// A task that missed the news would wait for ever: that the last one is
/// complete, or, while the job stops, that others were given up, for no newer
/// barrier comes then that would tell as much.
void checkpoint_coordinator::retell_last(time_point now, steps& out) {
  if (running_ && stopping_ && !last_ && pending_.empty() && next_id_ > 1
      && now >= retell_at_) {
    out.push_back(abort_step(next_id_ - 1, checkpoint_failure::cancelled));
    retell_at_ = now + retell_interval;
  }
  if (!running_ || !last_ || now < retell_at_ || !all_at_end())
    return;
  out.push_back(step_of(kind::notify_completed, *last_));
  retell_at_ = now + retell_interval;
}

std::optional<checkpoint_coordinator::time_point>
checkpoint_coordinator::wake_at() const {
  std::optional<time_point> result;
  auto take = [&](time_point when) {
    result = result ? std::min(*result, when) : when;
  };
  for (const auto& [id, each] : pending_)
    if (!each.publishing)
      take(each.since + options_.timeout);
  if (!running_)
    return result;
  if (last_wanted())
    take(last_not_before_);
  if ((last_ && all_at_end())
      || (stopping_ && !last_ && pending_.empty() && next_id_ > 1))
    take(retell_at_);
  if (due_ && goes_on() && pending_.size() < options_.max_concurrent)
    take(last_completed_at_
           ? std::max(*due_, *last_completed_at_ + options_.min_pause)
           : *due_);
  return result;
}

std::optional<std::uint64_t>
checkpoint_coordinator::trigger(std::uint8_t snapshot, time_point now,
                                timestamp wall, steps& out) {
  if (!goes_on() || pending_.size() >= options_.max_concurrent)
    return std::nullopt;
  return begin(snapshot, now, wall, out);
}

std::uint64_t checkpoint_coordinator::begin(std::uint8_t snapshot,
                                            time_point now, timestamp wall,
                                            steps& out) {
  const std::uint64_t id = next_id_++;
  pending fresh;
  fresh.snapshot = snapshot;
  fresh.triggered = wall;
  fresh.since = now;
  fresh.tasks.resize(tasks_.size());
  for (std::size_t i = 0; i < tasks_.size(); ++i)
    if (tasks_[i] == task_stage::finished)
      fresh.tasks[i] = subtask_state{subtask_stage::finished, {}};
  for (const std::uint32_t vertex : plan_.coordinators)
    fresh.coordinators[vertex];
  auto& report = history_.begin(id);
  report.triggered = wall;
  report.subtasks.resize(tasks_.size());
  const auto where = pending_.emplace(id, std::move(fresh)).first;
  out.push_back(trigger_step(id, where->second));
  return id;
}

/// Barriers begin where no live task is upstream. Readers of a source with a
/// coordinator are triggered by it, behind the splits that it gave them.
checkpoint_step checkpoint_coordinator::trigger_step(std::uint64_t id,
                                                     const pending& of) const {
  checkpoint_step step = step_of(kind::trigger, id);
  step.snapshot = of.snapshot;
  step.triggered = of.triggered;
  step.coordinators = plan_.coordinators;
  for (std::uint32_t i = 0; i < tasks_.size(); ++i) {
    const auto& task = plan_.tasks[i];
    const bool first =
      std::ranges::all_of(task.producers, [this](std::uint32_t producer) {
        return tasks_[producer] == task_stage::finished;
      });
    if (tasks_[i] != task_stage::finished && first
        && std::ranges::find(plan_.coordinators, task.vertex)
             == plan_.coordinators.end())
      step.tasks.push_back(i);
  }
  return step;
}

// -- answers ------------------------------------------------------------------

checkpoint_coordinator::pending_map::iterator
checkpoint_coordinator::find(std::uint32_t region, std::uint32_t attempt,
                             std::uint64_t id) {
  const auto& of = regions_[region];
  return of.running && attempt == of.attempt ? pending_.find(id)
                                             : pending_.end();
}

/// Of a source with a coordinator: all its readers are in one.
std::uint32_t
checkpoint_coordinator::region_of_vertex(std::uint32_t vertex) const {
  const auto found =
    std::ranges::find(plan_.tasks, vertex, &checkpoint_plan::task::vertex);
  return found == plan_.tasks.end() ? 0 : found->region;
}

bool checkpoint_coordinator::any_runs() const {
  return std::ranges::any_of(regions_,
                             [](const auto& each) { return each.running; });
}

checkpoint_coordinator::steps
checkpoint_coordinator::acknowledged(checkpoint_ack ack, time_point now) {
  steps out;
  if (ack.task >= tasks_.size())
    return out;
  const auto found =
    find(plan_.tasks[ack.task].region, ack.attempt, ack.checkpoint_id);
  if (found == pending_.end() || found->second.publishing)
    return out;
  auto& mine = found->second.tasks[ack.task];
  if (mine)
    return out; // doubled
  mine = std::move(ack.state);
  if (ack.holds_union_list)
    found->second.united.insert(plan_.tasks[ack.task].vertex);
  if (auto* report = history_.find(ack.checkpoint_id))
    report->subtasks[ack.task] = ack.statistics;
  publish_next(now, out);
  return out;
}

checkpoint_coordinator::steps checkpoint_coordinator::coordinator_acknowledged(
  std::uint32_t vertex, std::uint32_t attempt, std::uint64_t id,
  std::vector<std::byte> state, time_point now) {
  steps out;
  const auto found = find(region_of_vertex(vertex), attempt, id);
  if (found == pending_.end())
    return out;
  const auto mine = found->second.coordinators.find(vertex);
  if (mine == found->second.coordinators.end() || mine->second)
    return out;
  mine->second = std::move(state);
  publish_next(now, out);
  return out;
}

checkpoint_coordinator::steps
checkpoint_coordinator::declined(std::uint32_t task, std::uint32_t attempt,
                                 std::uint64_t id, bool counted,
                                 const std::string& why, time_point now) {
  steps out;
  if (task >= tasks_.size())
    return out;
  const auto found = find(plan_.tasks[task].region, attempt, id);
  if (found == pending_.end() || found->second.publishing
      || found->second.tasks[task]) // has ended since, and needs no state
    return out;
  give_up(found,
          counted ? checkpoint_failure::declined
                  : checkpoint_failure::cancelled,
          why, now, out);
  return out;
}

checkpoint_coordinator::steps
checkpoint_coordinator::task_at_end(std::uint32_t task, std::uint32_t attempt,
                                    time_point) {
  if (task >= tasks_.size()
      || attempt != regions_[plan_.tasks[task].region].attempt
      || tasks_[task] != task_stage::running)
    return {};
  tasks_[task] = task_stage::at_end;
  return {};
}

checkpoint_coordinator::steps
checkpoint_coordinator::task_finished(std::uint32_t task, std::uint32_t attempt,
                                      time_point now) {
  steps out;
  if (task >= tasks_.size()
      || attempt != regions_[plan_.tasks[task].region].attempt)
    return out;
  tasks_[task] = task_stage::finished;
  for (auto& [id, each] : pending_)
    if (!each.tasks[task] && !each.publishing)
      each.tasks[task] = subtask_state{subtask_stage::finished, {}};
  publish_next(now, out);
  return out;
}

// -- completion ---------------------------------------------------------------

bool checkpoint_coordinator::complete(const pending& of) const {
  return std::ranges::all_of(of.tasks,
                             [](const auto& each) { return each.has_value(); })
         && std::ranges::all_of(of.coordinators, [](const auto& each) {
              return each.second.has_value();
            });
}

/// A vertex with a union list of which some tasks are at their end, and not
/// all.
std::optional<std::uint32_t>
checkpoint_coordinator::partly_ended_vertex(const pending& of) const {
  const auto ended_in = [&](std::uint32_t vertex, bool ended) {
    for (std::size_t i = 0; i < of.tasks.size(); ++i)
      if (plan_.tasks[i].vertex == vertex
          && (of.tasks[i]->stage != subtask_stage::running) == ended)
        return true;
    return false;
  };
  for (const std::uint32_t vertex : of.united)
    if (ended_in(vertex, true) && ended_in(vertex, false))
      return vertex;
  return std::nullopt;
}

/// The last one holds what every task has, whether it ended or was stopped.
void checkpoint_coordinator::give_up_partly_ended(time_point now, steps& out) {
  for (auto it = pending_.begin(); it != pending_.end();) {
    const auto which = it++;
    if (which->second.publishing || which->second.last
        || !complete(which->second))
      continue;
    if (const auto vertex = partly_ended_vertex(which->second))
      give_up(which, checkpoint_failure::partly_ended,
              "some subtasks of " + operators_of(plan_.vertices[*vertex])
                + ", which holds a union list, have come to their end; there "
                  "is no checkpoint until all have",
              now, out);
  }
}

/// One after the other, so that checkpoints complete in order.
void checkpoint_coordinator::publish_next(time_point now, steps& out) {
  give_up_partly_ended(now, out);
  for (const auto& [id, each] : pending_)
    if (each.publishing)
      return;
  for (auto& [id, each] : pending_) {
    if (!complete(each))
      continue;
    each.publishing = true;
    checkpoint_step step = step_of(kind::publish, id);
    step.metadata = take_metadata(id, each);
    each.last = each.last || all_ended(*step.metadata);
    out.push_back(std::move(step));
    return;
  }
}

/// Moves the states out of what was pending.
std::shared_ptr<const checkpoint_metadata>
checkpoint_coordinator::take_metadata(std::uint64_t id, pending& of) const {
  const auto result = std::make_shared<checkpoint_metadata>();
  result->checkpoint_id = id;
  result->kind = of.snapshot;
  result->job_id = plan_.job_id;
  result->job_name = plan_.job_name;
  result->hash_id = plan_.hash_id;
  result->triggered = of.triggered;
  result->vertices = plan_.vertices;
  for (std::size_t i = 0; i < of.tasks.size(); ++i) {
    auto& subtasks = result->vertices[plan_.tasks[i].vertex].subtasks;
    const std::size_t index = plan_.tasks[i].index;
    subtasks.resize(std::max(subtasks.size(), index + 1));
    subtasks[index] = std::move(*of.tasks[i]);
  }
  for (auto& [vertex, state] : of.coordinators)
    result->vertices[vertex].coordinator = std::move(*state);
  return result;
}

checkpoint_coordinator::steps checkpoint_coordinator::stored(std::uint64_t id,
                                                             time_point now) {
  steps out;
  const auto found = pending_.find(id);
  if (found == pending_.end())
    return out;
  if (auto* report = history_.find(id)) {
    report->state = checkpoint_report::outcome::completed;
    report->duration = duration_cast<microseconds>(now - found->second.since);
  }
  ++history_.completed;
  const bool last = found->second.last;
  pending_.erase(found);
  retained_.push_back(id);
  latest_completed_ = id;
  last_completed_at_ = now;
  failures_in_a_row_ = 0;
  subsume_before(id, now, out);
  if (last && any_runs() && !running_ && stopping_)
    fail_torn(id, out);
  else if (any_runs())
    out.push_back(step_of(kind::notify_completed, id));
  if (last && running_) {
    last_ = id;
    retell_at_ = now + retell_interval;
    give_up_all("the job has ended with checkpoint " + std::to_string(id), now,
                out);
  }
  retire(out);
  publish_next(now, out);
  return out;
}

checkpoint_coordinator::steps
checkpoint_coordinator::store_failed(std::uint64_t id, const error& why,
                                     time_point now) {
  steps out;
  const auto found = pending_.find(id);
  if (found == pending_.end())
    return out;
  give_up(found, checkpoint_failure::not_stored, why.text, now, out);
  publish_next(now, out);
  return out;
}

void checkpoint_coordinator::subsume_before(std::uint64_t id, time_point now,
                                            steps& out) {
  while (!pending_.empty() && pending_.begin()->first < id)
    give_up(pending_.begin(), checkpoint_failure::subsumed,
            "checkpoint " + std::to_string(id) + " completed first", now, out);
}

/// All but one that is on its way to durable storage: its answer decides.
void checkpoint_coordinator::give_up_all(const std::string& why, time_point now,
                                         steps& out) {
  for (auto it = pending_.begin(); it != pending_.end();) {
    const auto which = it++;
    if (!which->second.publishing)
      give_up(which, checkpoint_failure::cancelled, why, now, out);
  }
}

/// Completed ones beyond what is to be kept.
void checkpoint_coordinator::retire(steps& out) {
  while (retained_.size() > std::max<std::uint32_t>(options_.num_retained, 1)) {
    out.push_back(step_of(kind::discard, retained_.front()));
    retained_.pop_front();
  }
}

void checkpoint_coordinator::give_up(pending_map::iterator which,
                                     checkpoint_failure why,
                                     const std::string& text, time_point now,
                                     steps& out) {
  const std::uint64_t id = which->first;
  if (auto* report = history_.find(id)) {
    report->state = checkpoint_report::outcome::failed;
    report->duration = duration_cast<microseconds>(now - which->second.since);
    report->failure = std::string{to_string(why)} + ": " + text;
  }
  ++history_.failed;
  if (counts(why) && which->second.last)
    last_not_before_ =
      now
      + std::min(retry_interval, options_.interval.value_or(retry_interval));
  pending_.erase(which);
  if (any_runs()) {
    out.push_back(abort_step(id, why));
    if (why == checkpoint_failure::partly_ended)
      out.back().cause = error{error_code::cancelled, text};
  }
  out.push_back(step_of(kind::discard_unfinished, id));
  if (!counts(why) || ++failures_in_a_row_ <= options_.tolerable_failures)
    return;
  failures_in_a_row_ = 0;
  checkpoint_step step = step_of(kind::fail_job, id);
  step.cause =
    error{error_code::io, "checkpoint " + std::to_string(id) + " "
                            + std::string{to_string(why)} + ": " + text};
  out.push_back(std::move(step));
}

std::vector<std::uint32_t> checkpoint_coordinator::awaited() const {
  std::vector<std::uint32_t> result;
  if (pending_.empty())
    return result;
  const auto& tasks = pending_.begin()->second.tasks;
  for (std::uint32_t i = 0; i < tasks.size(); ++i)
    if (!tasks[i])
      result.push_back(i);
  return result;
}

} // namespace flow
