#include "actors/worker/worker_actor.hpp"

#include <algorithm>

#include "actors/messages/resource_messages.hpp"
#include "actors/task_manager/task_manager_actor.hpp"
#include "actors/worker/split_relay.hpp"
#include "libflow/api/node_code.hpp"

namespace flow {

FLOW_ATOM(tick)

namespace {

/// How often the job hears of this worker's counters.
constexpr std::chrono::milliseconds metrics_interval{100};
/// Of so many times once with the whole text.
constexpr std::uint32_t ticks_per_text = 10;
/// As the job manager's: a subtask inside user code does not answer.
constexpr std::chrono::milliseconds explanation_timeout{200};

bool terminal(task_state state) {
  return state == task_state::finished || state == task_state::cancelled
         || state == task_state::failed;
}

} // namespace

worker_actor::worker_actor(caf::actor_config& config, worker_context shared,
                           worker_setup setup)
  : caf::event_based_actor(config), shared_(shared), setup_(std::move(setup)),
    graph_(std::make_shared<execution_graph>(setup_.graph)),
    ids_(graph_->subtasks()), numbers_(*graph_) {
  set_default_handler(caf::drop);
  // Who drops a message answers with an error, which must not end this.
  set_error_handler([](caf::error&) {});
}

caf::behavior worker_actor::make_behavior() {
  task_manager_ = spawn_apart<task_manager_actor>(
    *this, shared_, shared_, self_handle(), setup_.worker, 0U);
  return {
    [this](start_atom, const worker_start& with) { on_start(with); },
    [this](jobmsg_atom, const worker_message& what) { on_job_message(what); },
    [this](peermsg_atom, std::uint32_t worker, const worker_message& what) {
      on_peer_message(worker, what);
    },
    [this](linkup_atom, const opened_link& opened) { on_link_up(opened); },
    [this](linkdown_atom, const ended_link& ended) { on_link_down(ended); },
    [this](dialled_atom, std::uint32_t worker) { on_dialled(worker); },
    [this](redial_atom, std::uint32_t worker, std::uint32_t incarnation) {
      on_redial(worker, incarnation);
    },
    [this](wirelate_atom, std::uint32_t task, std::uint32_t attempt) {
      fail(task, attempt,
           {error_code::timed_out, "no link to another worker of the job"});
    },
    [this](deployed_atom, std::uint32_t task, std::uint32_t attempt,
           const caf::actor& subtask) { on_deployed(task, attempt, subtask); },
    [this](coordready_atom, std::uint32_t vertex, std::uint32_t attempt,
           const caf::actor& coordinator) {
      on_coordinator(vertex, attempt, coordinator);
    },
    [this](connected_atom, std::uint32_t task, std::uint32_t attempt) {
      tell_job(task_connected{task, attempt});
    },
    [this](taskstate_atom, const task_report& report) {
      on_task_state(report);
    },
    [this](ckptack_atom, const checkpoint_ack& ack) { tell_job(ack); },
    [this](ckptdecl_atom, const checkpoint_decline& no) { tell_job(no); },
    [this](ckptend_atom, std::uint32_t task, std::uint32_t attempt) {
      tell_job(task_at_end{task, attempt});
    },
    [this](srcstate_atom, const source_state& state) { tell_job(state); },
    [this](wmreport_atom, const task_watermark& what) { tell_job(what); },
    [this](nextsplit_atom, std::uint32_t subtask) { on_next_split(subtask); },
    [this](relayed_atom, std::uint32_t worker, const worker_message& what) {
      if (auto& to = peers_[worker].control)
        to->send(what);
    },
    // The task manager offers its slots; the job's process knows of them.
    [](offer_atom, std::uint32_t, std::uint32_t, const caf::actor&) {},
    [this](tick_atom) { on_tick(); },
  };
}

void worker_actor::on_exit() {
  tasks_.clear();
  coordinators_.clear();
  peers_.clear();
  job_.reset();
  task_manager_ = {};
}

// -- from the job's process ---------------------------------------------------

void worker_actor::on_start(const worker_start& with) {
  links_ = with.links;
  job_.emplace(with.to_job);
  tell_job(worker_hello{setup_.graph->hash(), setup_.graph->facts(),
                        links_->port(net::link_role::control),
                        links_->port(net::link_role::data)});
}

void worker_actor::on_job_message(const worker_message& what) {
  std::visit([this](const auto& message) { handle(message); }, what);
}

/// What no worker is told.
template <class Other>
void worker_actor::handle(const Other&) {
  shared_.log.warn("the job's process sent a message that is not for workers");
}

/// The one that came last dials those before it, so each pair dials once.
void worker_actor::handle(const known_workers& known) {
  dialling_ = 2 * known.others.size();
  for (const worker_address& each : known.others) {
    peer& other = peers_[each.worker];
    other.incarnation = each.incarnation;
    other.dialled = each;
    dial(each.worker, net::link_role::control);
    dial(each.worker, net::link_role::data);
  }
  if (dialling_ == 0)
    tell_job(worker_ready{});
  delayed_send(this, metrics_interval, tick_atom::value);
}

void worker_actor::handle(const deploy_order& order) {
  if (order.task >= ids_.size())
    return;
  deploy_task what{order.task,
                   task_place{graph_, ids_[order.task], order.attempt},
                   order.settings,
                   {},
                   self_handle()};
  if (order.restored) {
    auto metadata = decode_checkpoint_metadata(order.restored->second);
    if (!metadata) {
      tell_job(task_changed{
        {order.task, order.attempt, task_state::failed, metadata.error()}});
      return;
    }
    what.restored.from =
      std::make_shared<const stored_checkpoint>(stored_checkpoint{
        std::make_shared<const checkpoint_metadata>(std::move(*metadata)),
        order.restored->first});
  }
  send(task_manager_, deploy_atom::value, std::move(what));
}

void worker_actor::handle(const coordinator_order& order) {
  const auto& vertices = setup_.graph->vertices();
  if (order.vertex >= vertices.size()
      || code_of(vertices[order.vertex].head()).make_coordinator() == nullptr)
    return;
  send(task_manager_, deploysrc_atom::value,
       deploy_coordinator{vertex_id{order.vertex}, order.attempt, graph_,
                          order.restored, self_handle()});
}

void worker_actor::handle(const checkpoint_order& order) {
  caf::actor to;
  if (order.of_coordinator) {
    if (const auto found = coordinators_.find(order.task);
        found != coordinators_.end() && found->second.attempt == order.attempt)
      to = found->second.coordinator;
  } else if (const local_task* task = find(order.task, order.attempt)) {
    to = task->subtask;
  }
  if (!to)
    return;
  switch (order.action) {
  case checkpoint_action::trigger:
    send(to, trigger_atom::value, order.attempt, order.barrier);
    break;
  case checkpoint_action::completed:
    send(to, ckptdone_atom::value, order.attempt, order.barrier.checkpoint_id);
    break;
  case checkpoint_action::aborted:
    send(to, ckptabort_atom::value, order.attempt, order.barrier.checkpoint_id);
    break;
  }
}

void worker_actor::handle(const readers_order& order) {
  const auto found = coordinators_.find(order.vertex);
  if (found == coordinators_.end() || found->second.attempt != order.attempt)
    return;
  source_readers readers;
  for (std::uint32_t i = 0; i < order.readers.size(); ++i) {
    const auto& each = order.readers[i];
    readers.add(each.worker == setup_.worker
                  ? local(each.task)
                  : relay_of(found->second, each.worker,
                             {order.vertex, order.attempt, i, each.task}),
                {each.worker, each.task});
  }
  send(found->second.coordinator, readers_atom::value, std::move(readers));
}

caf::actor worker_actor::relay_of(local_coordinator& of, std::uint32_t worker,
                                  const split_question& reader) {
  caf::actor& relay = of.relays[reader.task];
  if (!relay)
    relay = spawn<split_relay>(self_handle(), of.coordinator, worker, reader);
  return relay;
}

void worker_actor::handle(const watermark_limit& what) {
  if (const local_task* to = find(what.task, what.attempt))
    send(to->subtask, wmlimit_atom::value, what.limit);
}

void worker_actor::handle(const task_order& order) {
  const local_task* to = find(order.task, order.attempt);
  if (to == nullptr)
    return;
  switch (order.action) {
  case task_action::open:
    send(to->subtask, open_atom::value);
    break;
  case task_action::stop:
    send_urgent(this, to->subtask, stop_atom::value);
    break;
  case task_action::cancel:
    send_urgent(this, to->subtask, cancel_atom::value);
    break;
  case task_action::give_up:
    send(task_manager_, giveup_atom::value, order.task, order.attempt);
    break;
  }
}

void worker_actor::handle(const coordinator_cancel& order) {
  const auto found = coordinators_.find(order.vertex);
  if (found == coordinators_.end() || found->second.attempt != order.attempt)
    return;
  send(found->second.coordinator, cancel_atom::value);
  for (const auto& [task, relay] : found->second.relays)
    send(relay, cancel_atom::value);
  coordinators_.erase(found);
}

void worker_actor::handle(const explanation_question& question) {
  const auto answer = [this, number = question.number](task_explanation what) {
    tell_job(explanation_answer{number, std::move(what)});
  };
  const auto nothing = [answer](caf::error&) { answer({}); };
  if (question.of_manager) {
    request(task_manager_, explanation_timeout, whereis_atom::value,
            question.task, question.attempt)
      .then(
        [answer](const std::string& where) {
          answer({where, {}, {}});
        },
        nothing);
    return;
  }
  // A task that does not answer in time stays silent here too: the job asks
  // the manager then.
  if (const local_task* to = find(question.task, question.attempt))
    request<caf::message_priority::high>(to->subtask, explanation_timeout,
                                         explain_atom::value)
      .then([answer](const task_explanation& what) { answer(what); },
            [](caf::error&) {});
}

void worker_actor::handle(const worker_end&) {
  tell_metrics(true);
  setup_.end_process();
}

// -- from actors of this process ----------------------------------------------

void worker_actor::on_deployed(std::uint32_t task, std::uint32_t attempt,
                               const caf::actor& subtask) {
  tasks_[task] = {attempt, subtask, setup_.worker};
  tell_job(task_deployed{task, attempt});
}

void worker_actor::on_coordinator(std::uint32_t vertex, std::uint32_t attempt,
                                  const caf::actor& coordinator) {
  coordinators_[vertex] = {attempt, coordinator, {}};
  tell_job(coordinator_deployed{vertex, attempt});
}

void worker_actor::on_task_state(const task_report& report) {
  if (terminal(report.state)) {
    setup_.channels->remove(report.task, report.attempt);
    if (find(report.task, report.attempt) != nullptr)
      tasks_.erase(report.task);
    std::erase_if(parked_, [&](const wiring_order& order) {
      return order.task == report.task && order.attempt == report.attempt;
    });
    tell_metrics(true);
  }
  tell_job(task_changed{report});
}

/// A reader asks for a split of a coordinator in another worker.
void worker_actor::on_next_split(std::uint32_t subtask) {
  const auto reader = caf::actor_cast<caf::actor>(current_sender());
  const auto found =
    std::find_if(tasks_.begin(), tasks_.end(), [&](const auto& entry) {
      return entry.second.subtask == reader;
    });
  if (found == tasks_.end())
    return;
  const auto& [task, asking] = *found;
  auto& to = peers_[asking.coordinator_worker].control;
  if (to)
    to->send(split_question{index_of(ids_[task].vertex), asking.attempt,
                            subtask, task});
  else
    send(reader, linkfail_atom::value,
         error{error_code::io, "no link to worker "
                                 + std::to_string(asking.coordinator_worker)
                                 + ", which has the source's coordinator"});
}

// -- the rest -----------------------------------------------------------------

worker_actor::local_task* worker_actor::find(std::uint32_t task,
                                             std::uint32_t attempt) {
  const auto found = tasks_.find(task);
  return found != tasks_.end() && found->second.attempt == attempt
           ? &found->second
           : nullptr;
}

void worker_actor::tell_job(const worker_message& what) {
  if (job_)
    job_->send(what);
}

void worker_actor::on_tick() {
  tell_metrics(++ticks_ % ticks_per_text == 0);
  delayed_send(this, metrics_interval, tick_atom::value);
}

void worker_actor::tell_metrics(bool with_text) {
  const job_totals totals =
    shared_.metrics->totals(setup_.graph->options().job_name);
  worker_metrics now{totals.records_in,
                     totals.records_out,
                     totals.late_records,
                     totals.skipped_records,
                     totals.watermark,
                     totals.user_counters,
                     {}};
  if (with_text)
    now.text = shared_.metrics->render_prometheus(shared_.time->steady());
  tell_job(std::move(now));
}

caf::actor worker_actor::self_handle() {
  return caf::actor_cast<caf::actor>(this);
}

} // namespace flow
