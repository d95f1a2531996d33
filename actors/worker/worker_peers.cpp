#include "actors/worker/split_relay.hpp"
#include "actors/worker/worker_actor.hpp"

/// What a worker has to do with the other workers of its job: links that come
/// and go, and the splits that readers ask each other's processes for.
namespace flow {

namespace {

constexpr std::chrono::milliseconds redial_interval{100};

} // namespace

void worker_actor::on_peer_message(std::uint32_t worker,
                                   const worker_message& what) {
  if (const auto* question = std::get_if<split_question>(&what))
    on_question(worker, *question);
  else if (const auto* answer = std::get_if<split_answer>(&what))
    on_answer(*answer);
  else if (const auto* trigger = std::get_if<reader_trigger>(&what))
    on_reader_trigger(*trigger);
}

void worker_actor::on_reader_trigger(const reader_trigger& what) {
  if (const local_task* to = find(what.task, what.attempt))
    send(to->subtask, trigger_atom::value, what.attempt, what.barrier);
}

void worker_actor::on_question(std::uint32_t worker,
                               const split_question& question) {
  const auto found = coordinators_.find(question.vertex);
  if (found == coordinators_.end() || found->second.attempt != question.attempt
      || question.task >= ids_.size()
      || ids_[question.task].vertex != vertex_id{question.vertex}
      || ids_[question.task].index != question.subtask)
    return;
  send(relay_of(found->second, worker, question), nextsplit_atom::value,
       question.subtask);
}

void worker_actor::on_answer(const split_answer& answer) {
  const local_task* to = find(answer.task, answer.attempt);
  if (to == nullptr)
    return;
  if (answer.failure)
    send(to->subtask, splitfail_atom::value, *answer.failure);
  else if (answer.split)
    send(to->subtask, split_atom::value, split_bytes{*answer.split});
  else
    send(to->subtask, nosplits_atom::value);
}

void worker_actor::on_link_up(const opened_link& opened) {
  peer& other = peers_[opened.name.worker];
  if (opened.name.incarnation < other.incarnation) {
    opened.link->close({error_code::cancelled, "it has been replaced"});
    return;
  }
  if (opened.name.incarnation > other.incarnation) {
    // What was in its place is dead, or will be: nothing it says counts.
    const error why{error_code::io, "the worker has been replaced"};
    if (other.control)
      other.control->over()->close(why);
    if (other.data)
      other.data->close(why);
    other = peer{opened.name.incarnation, {}, {}, {}};
  }
  if (opened.name.role == net::link_role::data)
    other.data = opened.link;
  else
    other.control.emplace(opened.link);
  wire_parked();
}

void worker_actor::on_link_down(const ended_link& ended) {
  peer& other = peers_[ended.name.worker];
  if (ended.name.role == net::link_role::data) {
    if (other.data.get() != ended.link)
      return; // of a former one
    other.data.reset();
  } else {
    if (!other.control || other.control->over().get() != ended.link)
      return;
    other.control.reset();
    fail_readers_of(ended);
  }
  if (other.dialled)
    delayed_send(this, redial_interval, redial_atom::value, ended.name.worker,
                 ended.name.incarnation);
}

/// A question for a split, its answer or a trigger may have been lost with the
/// link; nobody would repeat it.
void worker_actor::fail_readers_of(const ended_link& ended) {
  for (const auto& [task, each] : tasks_)
    if (each.coordinator_worker == ended.name.worker)
      send(each.subtask, linkfail_atom::value,
           error{error_code::io,
                 "the link to worker " + std::to_string(ended.name.worker)
                   + ", which hands out splits, has ended: " + ended.why.text});
}

void worker_actor::on_redial(std::uint32_t worker, std::uint32_t incarnation) {
  const peer& other = peers_[worker];
  if (!other.dialled || other.incarnation != incarnation)
    return;
  if (!other.control)
    dial(worker, net::link_role::control);
  if (!other.data)
    dial(worker, net::link_role::data);
}

void worker_actor::dial(std::uint32_t worker, net::link_role role) {
  const peer& other = peers_[worker];
  const link_name name{worker, other.incarnation, role};
  const auto port = role == net::link_role::data ? other.dialled->data_port
                                                 : other.dialled->control_port;
  links_->dial(
    port, role,
    [self = self_handle(), channels = setup_.channels,
     name](const std::shared_ptr<peer_link>& fresh,
           const net::handshake& theirs) -> std::shared_ptr<link_handler> {
      const bool expected = theirs.worker == handshake_name(name.worker)
                            && theirs.incarnation == name.incarnation;
      auto handler =
        expected ? open_link(self, channels, name, fresh) : nullptr;
      caf::anon_send(self, dialled_atom::value, name.worker);
      return handler;
    },
    [self = self_handle(), name](const error&) {
      // It has died meanwhile; who takes its place dials us.
      caf::anon_send(self, dialled_atom::value, name.worker);
    });
}

void worker_actor::on_dialled(std::uint32_t) {
  if (dialling_ > 0 && --dialling_ == 0)
    tell_job(worker_ready{});
}

} // namespace flow
