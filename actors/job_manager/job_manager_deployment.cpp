#include <algorithm>

#include "actors/job_manager/checkpoint_plan.hpp"
#include "actors/job_manager/job_manager_actor.hpp"

/// The deployment of an attempt of a region, step by step.
namespace flow {

/// First what it starts from.
void job_manager_actor::prepare_attempt(std::uint32_t region) {
  if (checkpoints_)
    to_checkpoints(restorept_atom::value, region,
                   lifecycle_.attempt_of(region));
  else
    request_slots(region);
}

void job_manager_actor::on_restore_point(std::uint32_t region,
                                         std::uint32_t attempt,
                                         const restore_point& from) {
  ++answers_;
  if (attempt != lifecycle_.attempt_of(region)
      || lifecycle_.state_of(region) != job_state::scheduling)
    return;
  runs_[region].restored = from;
  if (from.from)
    log_of(region).info("starts from " + from.from->location);
  request_slots(region);
}

void job_manager_actor::request_slots(std::uint32_t region) {
  for (const std::uint32_t task : regions_.tasks_of(region))
    handles_[task] = {};
  runs_[region].connected.clear();
  if (grant_) {
    deploy_subtasks(region); // a restart keeps its slots
    return;
  }
  without_slots_.push_back(region);
  if (without_slots_.size() > 1)
    return;
  slot_requests wanted;
  for (const auto& vertex : job_.graph->vertices())
    wanted.requests.push_back({vertex.slot_sharing_group, vertex.parallelism});
  send(resource_manager_, slots_atom::value, std::move(wanted));
}

void job_manager_actor::deploy_subtasks(std::uint32_t region) {
  const auto attempt = lifecycle_.attempt_of(region);
  const auto self = caf::actor_cast<caf::actor>(this);
  deploy_coordinators(region);
  for (const std::uint32_t task : regions_.tasks_of(region)) {
    const subtask_id id = subtasks_[task];
    const auto& slot = grant_->slots[index_of(id.vertex)][id.index];
    perform(
      lifecycle_.task_changed(task, attempt, task_state::deploying, now()));
    send(grant_->workers[slot.worker], deploy_atom::value,
         deploy_task{task, task_place{graph_, id, attempt},
                     settings_of(job_.graph->vertex(id.vertex), attempt),
                     runs_[region].restored, self});
  }
  runs_[region].restored = {}; // it may hold all states in memory
}

void job_manager_actor::deploy_coordinators(std::uint32_t region) {
  const auto attempt = lifecycle_.attempt_of(region);
  runs_[region].coordinators_awaited = 0;
  for (const auto& vertex : job_.graph->vertices()) {
    if (region_of(vertex.id) != region || !has_coordinator(vertex))
      continue;
    ++runs_[region].coordinators_awaited;
    coordinators_[index_of(vertex.id)] = {};
    const auto& worker = grant_->slots[index_of(vertex.id)][0].worker;
    send(grant_->workers[worker], deploysrc_atom::value,
         deploy_coordinator{vertex.id, attempt, graph_,
                            coordinator_state(runs_[region].restored, vertex),
                            caf::actor_cast<caf::actor>(this)});
  }
}

void job_manager_actor::connect_subtasks(std::uint32_t region) {
  const auto& tasks = regions_.tasks_of(region);
  const bool complete =
    runs_[region].coordinators_awaited == 0
    && std::ranges::all_of(
      tasks, [this](std::uint32_t task) { return bool{handles_[task]}; });
  if (!complete)
    return;
  for (const std::uint32_t task : tasks)
    send(handles_[task], connect_atom::value, wiring_of(subtasks_[task]));
  for (std::uint32_t vertex = 0; vertex < coordinators_.size(); ++vertex) {
    if (!coordinators_[vertex] || region_of(vertex_id{vertex}) != region)
      continue;
    source_readers readers;
    for (const std::uint32_t task : tasks)
      if (index_of(subtasks_[task].vertex) == vertex)
        readers.add(handles_[task], site_of(subtasks_[task]));
    send(coordinators_[vertex], readers_atom::value, std::move(readers));
  }
}

void job_manager_actor::open_subtasks(std::uint32_t region) {
  for (const std::uint32_t task : regions_.tasks_of(region))
    send(handles_[task], open_atom::value);
}

// -- who and where ------------------------------------------------------------

std::shared_ptr<const task_wiring>
job_manager_actor::wiring_of(subtask_id subtask) const {
  auto wiring = std::make_shared<task_wiring>();
  const job_vertex& vertex = job_.graph->vertex(subtask.vertex);
  for (const edge_id edge : vertex.outputs) {
    auto& channels = wiring->outputs.emplace_back();
    for (const auto& channel : graph_->outputs_of(subtask, edge))
      channels.push_back({handles_[number_of(channel.consumer)],
                          channel.input_channel,
                          site_of(channel.consumer),
                          {}});
  }
  for (const auto& channel : graph_->inputs_of(subtask)) {
    const auto& ports = job_.graph->vertex(channel.producer.vertex).outputs;
    const auto port =
      std::find(ports.begin(), ports.end(), channel.edge) - ports.begin();
    wiring->inputs.push_back({handles_[number_of(channel.producer)],
                              static_cast<std::uint32_t>(port),
                              channel.output_channel,
                              site_of(channel.producer),
                              {}});
  }
  wiring->coordinator = coordinators_[index_of(subtask.vertex)];
  // Where deploy_subtasks puts it.
  wiring->coordinator_worker = site_of({subtask.vertex, 0}).worker;
  return wiring;
}

task_site job_manager_actor::site_of(subtask_id subtask) const {
  return {grant_->slots[index_of(subtask.vertex)][subtask.index].worker,
          number_of(subtask)};
}

const caf::actor& job_manager_actor::worker_of(std::size_t task) const {
  return grant_->workers[site_of(subtasks_[task]).worker];
}

/// Of all sources: they share --source-rate.
std::uint32_t job_manager_actor::source_subtasks() const {
  std::uint32_t count = 0;
  for (const auto& vertex : job_.graph->vertices())
    count += is_source(vertex) ? vertex.parallelism : 0;
  return count;
}

task_settings job_manager_actor::settings_of(const job_vertex& vertex,
                                             std::uint32_t attempt) const {
  task_settings settings;
  settings.buffer_timeout = job_.options.buffer_timeout;
  settings.watermark_interval = job_.options.auto_watermark_interval;
  settings.watermark_every_rows = job_.options.watermark_every_rows;
  settings.job_id = job_.options.job_id.value_or("");
  settings.run =
    hex16(static_cast<std::uint64_t>(started_)) + "-" + std::to_string(attempt);
  settings.keeps_state = job_.options.checkpoints.on();
  settings.ends_with_checkpoint = bool{checkpoints_};
  settings.barriers = job_.options.checkpoints.mode;
  if (is_source(vertex))
    settings.source_rate =
      static_cast<double>(job_.options.source_rate) / source_subtasks();
  return settings;
}

} // namespace flow
