"""Bugs of one line, each of which the simulation has to find."""

STORAGE = "backends/filesystem/filesystem_storage.cpp"
COORDINATOR = "libflow/checkpoint/checkpoint_coordinator.cpp"
ACTOR = "actors/checkpoint_coordinator/checkpoint_coordinator_actor.cpp"
SETUP = "actors/cluster/checkpoint_setup.cpp"
TASK = "actors/subtask/task_checkpoints.cpp"
PARTS = "libflow/connectors/files/part_writer.cpp"
SINK = "libflow/connectors/files/file_parts.cpp"
TRANSACTIONS = "libflow/checkpoint/two_phase_commit.hpp"
BATCHES = "libflow/connectors/transactions/write_ahead_sink.hpp"
VALVE = "libflow/time/watermark_valve.cpp"
RESTORE = "libflow/state/keyed_restore.cpp"
ALIGNER = "libflow/exchange/barrier_aligner.cpp"

# Name, file, what stands there, what the bug makes of it.
MUTANTS = [
    ("barrier does not block", TASK,
     "      gate_.block(i);", "      ;"),
    ("barrier of one channel is enough", ALIGNER,
     "  if (--awaited_ > 0)", "  if (--awaited_ > 1000)"),
    ("complete before it is durable", ACTOR,
     "  if (!keeps_state_) {\n    on_stored", "  if (true) {\n    on_stored"),
    ("commit before complete", SINK,
     "    commits_.prepared(context.checkpoint_id, part);",
     "    (void)commit_part(*settings_.files, part);"),
    ("pending transaction dropped at restore", TRANSACTIONS,
     "    return completed(std::numeric_limits<std::uint64_t>::max(),\n"
     "                     std::forward<Commit>(commit));",
     "    pending_.clear();\n    return expected<void>{};"),
    ("pending transaction dropped with a lost notification", TRANSACTIONS,
     "it != pending_.end() && it->first <= id;) {",
     "it != pending_.end() && it->first <= id;) {\n"
     "      if (it->first < id) { it = pending_.erase(it); continue; }"),
    ("credit lost", "actors/subtask/subtask_actor.cpp",
     "  check(task_->on_credit(port, channel, credits));",
     "  check(task_->on_credit(port, channel, credits / 2));"),
    ("watermark is not the minimum", VALVE,
     "channel.mark < minimum_) {", "channel.mark > minimum_) {"),
    ("watermark at rescale is not the minimum", VALVE,
     "std::min(", "std::max("),
    ("timers lost at rescale", RESTORE,
     "    if (target_ == nullptr ||",
     "    if (target_ == nullptr || (own_.groups.first > 0 &&\n"
     "        target_->header().kind == state_format::state_kind::event_timers)\n"
     "        ||"),
    ("keyed state lost at rescale", RESTORE,
     "    if (target_ == nullptr ||",
     "    if (target_ == nullptr || stored_.groups.first < own_.groups.first ||"),
    ("windows lost at rescale", "libflow/windows/slice_bytes.hpp",
     "      if (!groups.contains(group.group))",
     "      if (!groups.contains(group.group) || groups.first > 0)"),
    ("metadata renamed before it is synced", STORAGE,
     "  if (auto done = (*file)->sync(); !done)\n    return done.error();\n"
     "  if (auto done = (*file)->close(); !done)\n    return done.error();\n"
     "  if (auto done = files_->sync_directory(folder_)",
     "  if (auto done = (*file)->close(); !done)\n    return done.error();\n"
     "  if (auto done = files_->sync_directory(folder_)"),
    ("directory of the metadata not synced", STORAGE,
     "  if (auto done = files_->sync_directory(directory); !done)\n"
     "    return done.error();\n", ""),
    ("a retained checkpoint is deleted", COORDINATOR,
     "  while (retained_.size() > std::max", "  while (retained_.size() >= std::max"),
    ("end of input is no barrier", ALIGNER,
     "std::exchange(channels_[channel].open, false)",
     "channels_[channel].open"),
    ("names of parts not synced", PARTS,
     "  return parts.empty() ? expected<void>{} : files_->sync_directory(folder_);",
     "  return {};"),
    ("bytes of parts not synced", PARTS,
     "    if (auto done = last_->sync(); !done)\n      return done;\n", ""),
    ("restores the oldest checkpoint", SETUP,
     "  auto loaded = storage.load(ids.back());",
     "  auto loaded = storage.load(ids.front());"),
    ("checkpoint numbers start anew", SETUP,
     "  result.start.next_id = greatest + 1;", "  result.start.next_id = 1;"),
    ("part numbers start anew", SINK,
     "*first, settings_.roll_bytes", "*first * 0, settings_.roll_bytes"),
    ("parts of the attempt at hand removed as stale",
     "libflow/connectors/files/output_directory.cpp",
     "|| part->tag == tag\n", "\n"),
    ("parts acknowledged before they are durable",
     "actors/subtask/snapshot_io.cpp",
     "writer_.work()}", "expected<void>{}}"),
    ("state acknowledged before it is durable", STORAGE,
     "    if (auto done = file_->sync(); !done)\n      return done.error();\n",
     ""),
    ("stale attempt accepted", COORDINATOR,
     "  if (task >= tasks_.size()\n"
     "      || attempt != regions_[plan_.tasks[task].region].attempt\n"
     "      || tasks_[task] != task_stage::running)",
     "  if (task >= tasks_.size() || tasks_[task] != task_stage::running)"),
    ("a report that comes again is believed again",
     "libflow/job/job_lifecycle.cpp",
     "  return is_terminal(known) || reported <= known;", "  return false;"),
    ("a connection that is reported twice is two",
     "actors/job_manager/job_manager_actor.cpp",
     "  if (connected.insert(task).second\n      && connected.size()",
     "  connected.insert(task);\n  if (connected.size()"),
    ("an input that ends gives a checkpoint up", ALIGNER,
     "  if (after_finish_)", "  if (!after_finish_)"),
    ("no checkpoint once a task has finished", COORDINATOR,
     "  return running_ && !stopping_ && !last_ && !all_at_end();",
     "  return running_ && !stopping_ && !last_ && !all_at_end()\n"
     "         && std::ranges::find(tasks_, task_stage::finished)\n"
     "              == tasks_.end();"),
    ("doubled notification commits twice", BATCHES,
     "      return commits_.completed(id, hand_over());",
     "      return two_phase_commit<named_rows>{commits_}.completed(id,\n"
     "        [this](const named_rows& what) {\n"
     "          return target_->commit(what.first, *what.second.rows); });"),
    ("what was committed is committed again", BATCHES,
     "return *known ?", "return !*known && false ?"),
    ("a checkpoint follows the last", COORDINATOR,
     "  return running_ && !last_ && pending_.empty()",
     "  return running_ && pending_.empty()"),
    ("the last checkpoint is told once", COORDINATOR,
     "  retell_last(now, out);\n", ""),
    ("a job that stops goes on with checkpoints", COORDINATOR,
     "std::exchange(stopping_, true)", "std::exchange(stopping_, false)"),
    ("a checkpoint under way when a job stops is completed", COORDINATOR,
     'give_up_all("the job stops", now, out);', "(void)now;"),
]
