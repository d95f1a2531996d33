#include "actors/remote_worker/remote_worker_actor.hpp"

#include <algorithm>
#include <utility>

namespace flow {

FLOW_ATOM(startlate)
FLOW_ATOM(exitlate)
FLOW_ATOM(endlate)

namespace {

bool terminal(task_state state) {
  return state == task_state::finished || state == task_state::cancelled
         || state == task_state::failed;
}

/// So long a process may take to be seen dead after its link has ended.
constexpr std::chrono::seconds exit_after_cut{1};

/// The last lines of a log as a clause of a report; nothing for nothing.
std::string last_lines(std::string log) {
  while (!log.empty() && log.back() == '\n')
    log.pop_back();
  if (log.empty())
    return {};
  std::string result = "; the last that it wrote to stderr:\n  | ";
  for (const char each : log)
    result += each == '\n' ? std::string{"\n  | "} : std::string{each};
  return result;
}

} // namespace

// -- the link -----------------------------------------------------------------

expected<void> remote_link_handler::on_frame(const net::frame_view& frame) {
  auto message = messages_.accept(frame);
  if (!message)
    return message.error();
  if (*message)
    caf::anon_send(to_, workermsg_atom::value, incarnation_,
                   std::move(**message));
  return {};
}

void remote_link_handler::on_silence(std::chrono::milliseconds silent) {
  if (silent >= remote_worker_actor::silence_limit)
    caf::anon_send<caf::message_priority::high>(
      to_, silent_atom::value, incarnation_,
      static_cast<std::uint64_t>(silent.count()));
}

void remote_link_handler::on_closed(const error& why) {
  caf::anon_send(to_, cut_atom::value, incarnation_, why);
}

// -- the actor ----------------------------------------------------------------

remote_worker_actor::remote_worker_actor(caf::actor_config& config,
                                         worker_context shared,
                                         remote_worker_setup setup,
                                         caf::actor resource_manager)
  : caf::event_based_actor(config), shared_(shared), setup_(std::move(setup)) {
  set_default_handler(caf::drop);
  // Who drops a message answers with an error, which must not end this.
  set_error_handler([](caf::error&) {});
  // What is deployed before the process is ready waits here.
  send(resource_manager, offer_atom::value, setup_.worker, setup_.slot_count,
       caf::actor_cast<caf::actor>(this));
}

caf::behavior remote_worker_actor::make_behavior() {
  start();
  return {
    [this](workermsg_atom, std::uint32_t incarnation,
           const worker_message& what) { on_message(incarnation, what); },
    [this](order_atom, const worker_message& what) { order(what); },
    [this](deploy_atom, const deploy_task& what) { on_deploy(what); },
    [this](deploysrc_atom, const deploy_coordinator& what) {
      on_deploy_coordinator(what);
    },
    [this](ask_atom, std::uint32_t task, std::uint32_t attempt) {
      return on_ask(task, attempt);
    },
    [this](whereis_atom, std::uint32_t task, std::uint32_t attempt) {
      return on_whereis(task, attempt);
    },
    [this](giveup_atom, std::uint32_t task, std::uint32_t attempt) {
      order(task_order{task, attempt, task_action::give_up});
    },
    [this](workerup_atom, std::uint32_t incarnation,
           const std::shared_ptr<peer_link>& link) {
      on_up(incarnation, link);
    },
    [this](silent_atom, std::uint32_t incarnation, std::uint64_t ms) {
      on_silent(incarnation, std::chrono::milliseconds{ms});
    },
    [this](cut_atom, std::uint32_t incarnation, const error& why) {
      on_cut(incarnation, why);
    },
    [this](exited_atom, const worker_exit& how) { on_exited(how); },
    [this](lost_atom) { on_lost(); },
    [this](startlate_atom, std::uint32_t incarnation) {
      on_start_late(incarnation);
    },
    [this](exitlate_atom, std::uint32_t incarnation, const std::string& why) {
      if (incarnation == incarnation_ && state_ == state::dying)
        kill(why);
    },
    [this](cancel_atom) { on_end(); },
    [this](endlate_atom) {
      setup_.processes->kill_worker(setup_.worker, incarnation_);
    },
  };
}

void remote_worker_actor::on_exit() {
  tasks_.clear();
  sources_.clear();
  link_.reset();
}

// -- from the job manager -----------------------------------------------------

void remote_worker_actor::on_deploy(const deploy_task& what) {
  const remote_task fresh{what.place.attempt, what.job_manager, {}, {}};
  if (broken_) {
    fail_task(what.task, fresh, *broken_);
    return;
  }
  tasks_[what.task] = fresh;
  deploy_order wanted{what.task, what.place.attempt, what.settings, {}};
  if (const auto& from = what.restored.from)
    wanted.restored.emplace(from->location, encode(*from->metadata));
  order(std::move(wanted));
}

void remote_worker_actor::on_deploy_coordinator(
  const deploy_coordinator& what) {
  const auto vertex = index_of(what.vertex);
  sources_[vertex] = {what.attempt, what.job_manager};
  order(coordinator_order{vertex, what.attempt, what.restored});
}

caf::result<task_explanation>
remote_worker_actor::on_ask(std::uint32_t task, std::uint32_t attempt) {
  auto promise = make_response_promise<task_explanation>();
  explanations_[++questions_] = promise;
  order(explanation_question{questions_, task, attempt, false});
  return promise;
}

caf::result<std::string>
remote_worker_actor::on_whereis(std::uint32_t task, std::uint32_t attempt) {
  auto promise = make_response_promise<std::string>();
  places_[++questions_] = promise;
  order(explanation_question{questions_, task, attempt, true});
  return promise;
}

void remote_worker_actor::on_end() {
  if (state_ == state::ending)
    return;
  const bool gone = state_ == state::broken;
  const bool linked = link_.has_value();
  state_ = state::ending;
  if (gone) {
    quit();
    return;
  }
  if (linked)
    link_->send(worker_end{});
  else
    setup_.processes->kill_worker(setup_.worker, incarnation_);
  delayed_send(this, end_limit, endlate_atom::value);
}

// -- from the worker ----------------------------------------------------------

void remote_worker_actor::on_up(std::uint32_t incarnation,
                                const std::shared_ptr<peer_link>& link) {
  if (incarnation != incarnation_ || state_ != state::starting) {
    link->close({error_code::cancelled, "this worker is not wanted any more"});
    return;
  }
  link_.emplace(link);
  state_ = state::greeting;
}

void remote_worker_actor::on_message(std::uint32_t incarnation,
                                     const worker_message& what) {
  if (incarnation == incarnation_ && state_ != state::dying)
    std::visit([this](const auto& message) { handle(message); }, what);
}

/// What only workers are told.
template <class Other>
void remote_worker_actor::handle(const Other&) {
  put_down("it sent a message that is not for the job's process");
}

/// A program whose graph differs from run to run cannot be spread over
/// processes.
void remote_worker_actor::handle(const worker_hello& hello) {
  if (state_ != state::greeting)
    return;
  const auto planned = setup_.graph->facts();
  if (const auto difference = first_difference(planned, hello.graph_facts)) {
    give_up({error_code::incompatible,
             title() + " has built another job: " + *difference,
             error_severity::fatal});
    return;
  }
  link_->send(known_workers{setup_.board->enter(
    {setup_.worker, incarnation_, hello.control_port, hello.data_port})});
}

void remote_worker_actor::handle(const worker_ready&) {
  if (state_ != state::greeting)
    return;
  state_ = state::ready;
  was_ready_ = true;
  failed_starts_ = 0;
  for (auto& each : std::exchange(waiting_, {}))
    link_->send(each);
}

void remote_worker_actor::handle(const task_deployed& what) {
  const auto found = tasks_.find(what.task);
  if (found == tasks_.end() || found->second.attempt != what.attempt)
    return;
  remote_task& task = found->second;
  if (!task.reports.deployed())
    return put_down("it reported a task as deployed twice");
  task.handle = spawn<remote_subtask>(caf::actor_cast<caf::actor>(this),
                                      what.task, what.attempt);
  send(task.job_manager, deployed_atom::value, what.task, what.attempt,
       task.handle);
}

void remote_worker_actor::handle(const coordinator_deployed& what) {
  const auto found = sources_.find(what.vertex);
  if (found == sources_.end() || found->second.attempt != what.attempt)
    return;
  send(found->second.job_manager, coordready_atom::value, what.vertex,
       what.attempt,
       spawn<remote_coordinator>(caf::actor_cast<caf::actor>(this), what.vertex,
                                 what.attempt));
}

void remote_worker_actor::handle(const task_connected& what) {
  const auto found = tasks_.find(what.task);
  if (found == tasks_.end() || found->second.attempt != what.attempt)
    return;
  if (!found->second.reports.connected())
    return put_down("it reported a task as connected out of turn");
  send(found->second.job_manager, connected_atom::value, what.task,
       what.attempt);
}

void remote_worker_actor::handle(const task_changed& what) {
  const task_report& report = what.report;
  const auto found = tasks_.find(report.task);
  if (found == tasks_.end() || found->second.attempt != report.attempt)
    return;
  if (!found->second.reports.changed(report.state))
    return put_down("it reported a task as "
                    + std::string{to_string(report.state)} + " out of turn");
  send(found->second.job_manager, taskstate_atom::value, report);
  if (terminal(report.state))
    tasks_.erase(found);
}

// What checkpoints need: the job manager judges attempts itself.

void remote_worker_actor::handle(const checkpoint_ack& ack) {
  if (const auto found = tasks_.find(ack.task); found != tasks_.end())
    send(found->second.job_manager, ckptack_atom::value, ack);
}

void remote_worker_actor::handle(const checkpoint_decline& no) {
  if (const auto found = tasks_.find(no.task); found != tasks_.end())
    send(found->second.job_manager, ckptdecl_atom::value, no);
}

void remote_worker_actor::handle(const task_at_end& what) {
  if (const auto found = tasks_.find(what.task); found != tasks_.end())
    send(found->second.job_manager, ckptend_atom::value, what.task,
         what.attempt);
}

void remote_worker_actor::handle(const source_state& what) {
  if (const auto found = sources_.find(what.vertex); found != sources_.end())
    send(found->second.job_manager, srcstate_atom::value, what);
}

void remote_worker_actor::handle(const task_watermark& what) {
  if (const auto found = tasks_.find(what.task); found != tasks_.end())
    send(found->second.job_manager, wmreport_atom::value, what);
}

void remote_worker_actor::handle(const explanation_answer& answer) {
  if (const auto found = explanations_.find(answer.number);
      found != explanations_.end()) {
    found->second.deliver(answer.explanation);
    explanations_.erase(found);
  } else if (const auto place = places_.find(answer.number);
             place != places_.end()) {
    place->second.deliver(answer.explanation.waiting_for);
    places_.erase(place);
  }
}

void remote_worker_actor::handle(const worker_metrics& now) {
  setup_.board->count(setup_.worker, now);
}

// -- its life -----------------------------------------------------------------

void remote_worker_actor::start() {
  state_ = state::starting;
  was_ready_ = false;
  killed_because_.clear();
  setup_.processes->start_worker(setup_.worker, incarnation_,
                                 setup_.spec + "incarnation "
                                   + std::to_string(incarnation_) + "\n");
  delayed_send(this, start_limit, startlate_atom::value, incarnation_);
}

void remote_worker_actor::on_start_late(std::uint32_t incarnation) {
  if (incarnation == incarnation_
      && (state_ == state::starting || state_ == state::greeting))
    put_down("it was not ready within " + std::to_string(start_limit.count())
             + " s");
}

void remote_worker_actor::on_silent(std::uint32_t incarnation,
                                    std::chrono::milliseconds silent) {
  if (incarnation == incarnation_)
    put_down("it was silent for " + std::to_string(silent.count()) + " ms");
}

/// A process that dies cuts its link first; how it died is better to know.
void remote_worker_actor::on_cut(std::uint32_t incarnation, const error& why) {
  if (incarnation != incarnation_ || !alive())
    return;
  state_ = state::dying;
  link_.reset();
  delayed_send(this, exit_after_cut, exitlate_atom::value, incarnation_,
               "its control link has ended: " + why.text);
}

void remote_worker_actor::put_down(const std::string& why) {
  if (!alive())
    return;
  state_ = state::dying;
  link_.reset();
  // Before others tell of links that have ended with it.
  fail_tasks({error_code::io, title() + " is killed: " + why});
  kill(why);
}

/// Its end comes as `exited`.
void remote_worker_actor::kill(const std::string& why) {
  killed_because_ = why;
  setup_.processes->kill_worker(setup_.worker, incarnation_);
}

bool remote_worker_actor::alive() const {
  return state_ == state::starting || state_ == state::greeting
         || state_ == state::ready;
}

void remote_worker_actor::on_exited(const worker_exit& how) {
  if (how.incarnation != incarnation_)
    return;
  setup_.board->leave(setup_.worker);
  setup_.board->used(setup_.worker, how.cpu_seconds, how.peak_rss_bytes);
  link_.reset();
  if (state_ == state::ending) {
    quit();
    return;
  }
  if (state_ == state::broken)
    return;
  error why{error_code::io,
            title() + " " + how.how
              + (killed_because_.empty() ? "" : ": " + killed_because_)
              + last_lines(how.last_log)};
  if (!was_ready_ && ++failed_starts_ >= start_attempts) {
    why.severity = error_severity::fatal;
    give_up(std::move(why));
    return;
  }
  shared_.log.with({setup_.graph->options().job_name, {}, {}, {}})
    .warn(why.text);
  fail_tasks(why);
  ++incarnation_;
  start();
}

void remote_worker_actor::on_lost() {
  if (state_ == state::ending)
    quit(); // with the launcher goes the worker
  else
    give_up({error_code::io,
             "the launcher of the job's worker processes has died, and another "
             "could not be started",
             error_severity::fatal});
}

void remote_worker_actor::give_up(error why) {
  state_ = state::broken;
  broken_ = std::move(why);
  waiting_.clear();
  link_.reset();
  setup_.processes->kill_worker(setup_.worker, incarnation_);
  fail_tasks(*broken_);
}

// -- the rest -----------------------------------------------------------------

void remote_worker_actor::order(const worker_message& what) {
  if (const auto* told = std::get_if<task_order>(&what);
      told != nullptr && told->action == task_action::cancel)
    if (const auto found = tasks_.find(told->task);
        found != tasks_.end() && found->second.attempt == told->attempt)
      found->second.reports.told_to_cancel();
  if (state_ == state::ready)
    link_->send(what);
  else if (state_ != state::broken && state_ != state::ending)
    waiting_.push_back(what);
}

/// All but those that wait for the next process.
void remote_worker_actor::fail_tasks(const error& why) {
  std::erase_if(tasks_, [&](const auto& entry) {
    const auto& [number, task] = entry;
    if (waits(number, task.attempt))
      return false;
    fail_task(number, task, why);
    return true;
  });
  explanations_.clear(); // who asked has a timeout
  places_.clear();
}

void remote_worker_actor::fail_task(std::uint32_t task,
                                    const remote_task& which,
                                    const error& why) {
  send(which.job_manager, taskstate_atom::value,
       task_report{task, which.attempt, task_state::failed, why});
}

bool remote_worker_actor::waits(std::uint32_t task,
                                std::uint32_t attempt) const {
  return std::any_of(waiting_.begin(), waiting_.end(),
                     [&](const worker_message& each) {
                       const auto* order = std::get_if<deploy_order>(&each);
                       return order != nullptr && order->task == task
                              && order->attempt == attempt;
                     });
}

std::string remote_worker_actor::title() const {
  return "worker " + std::to_string(setup_.worker);
}

} // namespace flow
