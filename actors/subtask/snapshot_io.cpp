#include "actors/subtask/snapshot_io.hpp"

#include <algorithm>

namespace flow {

namespace {

std::vector<std::uint64_t> ids_of(const job_vertex& vertex) {
  std::vector<std::uint64_t> ids;
  for (const auto& each : vertex.operators)
    ids.push_back(static_cast<std::uint64_t>(each.id));
  return ids;
}

bool concerns(const vertex_state& old, std::span<const std::uint64_t> ids) {
  return std::ranges::any_of(old.operators, [&](const operator_entry& each) {
    return std::ranges::find(ids, each.id) != ids.end();
  });
}

/// A subtask that had finished is known, and has nothing.
task_snapshot empty_state(const vertex_state& old) {
  task_snapshot result;
  for (const auto& each : old.operators)
    result.ids.push_back(each.id);
  result.operators.resize(old.operators.size());
  return result;
}

expected<task_snapshot> read_subtask(checkpoint_storage& storage,
                                     const std::string& location,
                                     const vertex_state& old, std::size_t i) {
  const auto& subtask = old.subtasks[i];
  if (subtask.stage == subtask_stage::finished)
    return empty_state(old);
  auto bytes = storage.read_state(location, subtask.state);
  if (!bytes)
    return bytes.error();
  auto read = decode_task_snapshot(*bytes);
  if (!read)
    return error{read.error().code, location + ": " + read.error().text,
                 error_severity::fatal};
  return read;
}

/// What another subtask has to say to one that restores its own state.
task_snapshot without_own_parts(task_snapshot of) {
  for (auto& each : of.operators)
    each = {{}, {}, {}, std::move(each.states)};
  return of;
}

/// At the old parallelism the others are read only for union lists.
expected<old_vertex> read_vertex(checkpoint_storage& storage,
                                 const std::string& location,
                                 const vertex_state& old,
                                 const task_place& place) {
  old_vertex result(old.subtasks.size(), empty_state(old));
  const std::size_t own = place.id.index;
  const bool same = old.subtasks.size() == place.vertex().parallelism;
  if (same) {
    auto read = read_subtask(storage, location, old, own);
    if (!read)
      return read.error();
    result[own] = std::move(*read);
    if (!holds_union_list(result[own]))
      return result;
  }
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (same && i == own)
      continue;
    auto read = read_subtask(storage, location, old, i);
    if (!read)
      return read.error();
    result[i] = same ? without_own_parts(std::move(*read)) : std::move(*read);
  }
  return result;
}

bool had_ended(const vertex_state& old, const task_place& place) {
  auto ended = [](const subtask_state& each) {
    return each.stage != subtask_stage::running;
  };
  return old.subtasks.size() == place.vertex().parallelism
           ? ended(old.subtasks[place.id.index])
           : std::ranges::all_of(old.subtasks, ended);
}

} // namespace

void snapshot_writer::write() {
  if (how_.storage)
    state_ = write_state();
}

expected<state_handle> snapshot_writer::write_state() {
  auto output = how_.storage->begin_state(checkpoint_id_, how_.name);
  if (!output)
    return output.error();
  byte_string piece;
  while (writer_.write_some(piece)) {
    if (how_.given_up->load(std::memory_order_relaxed))
      return error{error_code::cancelled, "the checkpoint was given up"};
    if (auto done = (*output)->append(piece); !done)
      return done.error();
    piece.clear();
  }
  return (*output)->finish(writer_.checksum());
}

written_snapshot snapshot_writer::finish() {
  return {std::move(state_), writer_.work()};
}

expected<restored_task> read_restored(checkpoint_storage& storage,
                                      const stored_checkpoint& from,
                                      const task_place& place) {
  const auto ids = ids_of(place.vertex());
  std::vector<old_vertex> old;
  bool ended = true;
  for (const vertex_state& vertex : from.metadata->vertices) {
    if (!concerns(vertex, ids))
      continue;
    auto read = read_vertex(storage, from.location, vertex, place);
    if (!read)
      return read.error();
    old.push_back(std::move(*read));
    ended = ended && had_ended(vertex, place);
  }
  std::vector<std::size_t> channels(place.vertex().head().node.inputs.size());
  for (const auto& channel : place.graph->inputs_of(place.id))
    ++channels[channel.input];
  auto result = redistributed(old, ids, place.id.index,
                              place.vertex().parallelism, channels);
  if (!result)
    return result.error();
  // An operator that is new has not seen the end.
  const bool all_known = std::ranges::all_of(
    result->operators, [](const auto& each) { return each.has_value(); });
  result->ended = ended && all_known;
  return result;
}

} // namespace flow
