#include "actors/remote_worker/remote_handles.hpp"

namespace flow {

namespace {

checkpoint_barrier barrier_of(std::uint64_t id) {
  checkpoint_barrier barrier;
  barrier.checkpoint_id = id;
  return barrier;
}

} // namespace

// -- subtask ------------------------------------------------------------------

remote_subtask::remote_subtask(caf::actor_config& config, caf::actor worker,
                               std::uint32_t task, std::uint32_t attempt)
  : caf::event_based_actor(config), worker_(std::move(worker)), task_(task),
    attempt_(attempt) {
  set_default_handler(caf::drop);
}

caf::behavior remote_subtask::make_behavior() {
  return {
    [this](connect_atom, const std::shared_ptr<const task_wiring>& wiring) {
      on_connect(*wiring);
    },
    [this](open_atom) { order(task_action::open); },
    [this](stop_atom) { order(task_action::stop); },
    [this](cancel_atom) { order(task_action::cancel); },
    [this](trigger_atom, std::uint32_t, const checkpoint_barrier& barrier) {
      order(checkpoint_action::trigger, barrier);
    },
    [this](ckptdone_atom, std::uint32_t, std::uint64_t id) {
      order(checkpoint_action::completed, barrier_of(id));
    },
    [this](ckptabort_atom, std::uint32_t, std::uint64_t id) {
      order(checkpoint_action::aborted, barrier_of(id));
    },
    [this](wmlimit_atom, timestamp limit) {
      send(worker_, order_atom::value,
           worker_message{watermark_limit{task_, attempt_, limit}});
    },
    [this](explain_atom) {
      return delegate(worker_, ask_atom::value, task_, attempt_);
    },
  };
}

void remote_subtask::order(task_action action) {
  send(worker_, order_atom::value,
       worker_message{task_order{task_, attempt_, action}});
}

void remote_subtask::order(checkpoint_action action,
                           const checkpoint_barrier& barrier) {
  send(
    worker_, order_atom::value,
    worker_message{checkpoint_order{task_, false, attempt_, action, barrier}});
}

void remote_subtask::on_connect(const task_wiring& wiring) {
  wiring_order order;
  order.task = task_;
  order.attempt = attempt_;
  for (const auto& port : wiring.outputs) {
    auto& channels = order.outputs.emplace_back();
    for (const auto& each : port)
      channels.push_back(
        {each.site.worker, each.site.task, each.input_channel});
  }
  for (const auto& each : wiring.inputs)
    order.inputs.push_back(
      {each.site.worker, each.site.task, each.port, each.output_channel});
  if (wiring.coordinator)
    order.coordinator = wiring.coordinator_worker;
  send(worker_, order_atom::value, worker_message{std::move(order)});
}

// -- coordinator --------------------------------------------------------------

remote_coordinator::remote_coordinator(caf::actor_config& config,
                                       caf::actor worker, std::uint32_t vertex,
                                       std::uint32_t attempt)
  : caf::event_based_actor(config), worker_(std::move(worker)), vertex_(vertex),
    attempt_(attempt) {
  set_default_handler(caf::drop);
}

caf::behavior remote_coordinator::make_behavior() {
  return {
    [this](readers_atom, const source_readers& readers) {
      on_readers(readers);
    },
    [this](trigger_atom, std::uint32_t, const checkpoint_barrier& barrier) {
      order(checkpoint_action::trigger, barrier);
    },
    [this](ckptdone_atom, std::uint32_t, std::uint64_t id) {
      order(checkpoint_action::completed, barrier_of(id));
    },
    [this](ckptabort_atom, std::uint32_t, std::uint64_t id) {
      order(checkpoint_action::aborted, barrier_of(id));
    },
    [this](cancel_atom) {
      send(worker_, order_atom::value,
           worker_message{coordinator_cancel{vertex_, attempt_}});
      quit();
    },
  };
}

void remote_coordinator::order(checkpoint_action action,
                               const checkpoint_barrier& barrier) {
  send(
    worker_, order_atom::value,
    worker_message{checkpoint_order{vertex_, true, attempt_, action, barrier}});
}

void remote_coordinator::on_readers(const source_readers& readers) {
  readers_order order{vertex_, attempt_, {}};
  for (const task_site& site : readers.sites)
    order.readers.push_back({site.worker, site.task});
  send(worker_, order_atom::value, worker_message{std::move(order)});
}

} // namespace flow
