#include "actors/subtask/task_snapshot.hpp"

#include <algorithm>
#include <utility>

#include "libflow/core/bytes.hpp"
#include "libflow/core/crc32c.hpp"
#include "libflow/operators/snapshot_parts.hpp"
#include "libflow/state/redistribute.hpp"

namespace flow {

namespace {

constexpr std::uint32_t magic = 0x53544c46; // "FLTS"
constexpr std::uint16_t format_version = 4;

error damaged(const std::string& what) {
  return {error_code::corrupt_data, "state of a task: " + what,
          error_severity::fatal};
}

void write_bytes(const byte_string& bytes, byte_writer& out) {
  out.write_int(static_cast<std::uint64_t>(bytes.size()));
  out.write_raw(bytes);
}

bool read_bytes(byte_reader& in, byte_string& bytes) {
  std::uint64_t size = 0;
  std::span<const std::byte> view;
  if (!in.read_int(size) || !in.read_raw(size, view))
    return false;
  bytes.assign(view.begin(), view.end());
  return true;
}

/// No bytes where there are no states.
void write_states(const std::vector<operator_state_part>& states,
                  byte_writer& out) {
  byte_string bytes;
  if (!states.empty()) {
    byte_writer to{bytes};
    write_operator_state(states, to);
  }
  write_bytes(bytes, out);
}

bool read_states(byte_reader& in, std::vector<operator_state_part>& states) {
  byte_string bytes;
  if (!read_bytes(in, bytes))
    return false;
  if (bytes.empty())
    return true;
  auto read = read_operator_state(bytes);
  if (!read || read->empty())
    return false;
  states = std::move(*read);
  return true;
}

void write_valve(const valve_state& from, byte_writer& out) {
  out.write_int(from.output);
  out.write_length(from.channels.size());
  for (const timestamp mark : from.channels)
    out.write_int(mark);
}

bool read_valve(byte_reader& in, valve_state& to) {
  std::size_t channels = 0;
  if (!in.read_int(to.output) || !in.read_length(channels, sizeof(timestamp)))
    return false;
  to.channels.resize(channels);
  for (timestamp& mark : to.channels)
    if (!in.read_int(mark))
      return false;
  return true;
}

/// @param keyed bytes of the keyed parts; moves past this operator's
bool read_operator(byte_reader& in, byte_reader& keyed, task_snapshot& to) {
  std::uint64_t keyed_bytes = 0;
  std::size_t entries = 0;
  std::span<const std::byte> view;
  auto& state = to.operators.emplace_back();
  if (!in.read_int(to.ids.emplace_back()) || !in.read_int(keyed_bytes)
      || !keyed.read_raw(keyed_bytes, view)
      || !in.read_length(entries, sizeof(std::uint64_t)))
    return false;
  state.keyed.assign(view.begin(), view.end());
  state.list.resize(entries);
  for (auto& entry : state.list)
    if (!read_bytes(in, entry))
      return false;
  return read_bytes(in, state.broadcast) && read_states(in, state.states);
}

bool read_parts(byte_reader& in, byte_reader& keyed, task_snapshot& to) {
  constexpr std::size_t least_operator = 36;
  constexpr std::size_t least_valve = 12;
  std::size_t count = 0;
  if (!in.read_length(count, least_operator))
    return false;
  for (; count > 0; --count)
    if (!read_operator(in, keyed, to))
      return false;
  if (!in.read_length(count, least_valve))
    return false;
  for (; count > 0; --count)
    if (!read_valve(in, to.valves.emplace_back()))
      return false;
  return in.finished() && keyed.finished();
}

const operator_snapshot* find(const task_snapshot& in, std::uint64_t id) {
  const auto at = std::ranges::find(in.ids, id) - in.ids.begin();
  return static_cast<std::size_t>(at) < in.operators.size()
           ? &in.operators[static_cast<std::size_t>(at)]
           : nullptr;
}

bool holds(const old_vertex& vertex, std::uint64_t id) {
  return std::ranges::any_of(vertex, [id](const task_snapshot& each) {
    return find(each, id) != nullptr;
  });
}

/// The parts of one operator for one subtask.
expected<std::vector<operator_snapshot>> parts_of(const old_vertex& old,
                                                  std::uint64_t id,
                                                  std::uint32_t index,
                                                  std::uint32_t parallelism) {
  static const operator_snapshot none;
  std::vector<const operator_snapshot*> snapshots;
  for (const task_snapshot& each : old) {
    const auto* found = find(each, id);
    snapshots.push_back(found ? found : &none);
  }
  return snapshot_parts(std::span<const operator_snapshot* const>{snapshots},
                        index, parallelism);
}

valve_state valve_of(const old_vertex& old, std::size_t input,
                     std::uint32_t index, std::uint32_t parallelism,
                     std::size_t channels) {
  if (old.size() == parallelism && input < old[index].valves.size()
      && old[index].valves[input].channels.size() == channels)
    return old[index].valves[input];
  std::vector<valve_state> states;
  for (const task_snapshot& each : old)
    if (input < each.valves.size())
      states.push_back(each.valves[input]);
  return states.empty()
           ? valve_state{std::vector<timestamp>(channels, min_timestamp),
                         min_timestamp}
           : rescaled(states, channels);
}

} // namespace

// -- writing ------------------------------------------------------------------

task_capture_writer::task_capture_writer(task_capture capture)
  : capture_(std::move(capture)), keyed_bytes_(capture_.operators.size(), 0) {}

bool task_capture_writer::write_some(byte_string& out) {
  if (done_)
    return false;
  const std::size_t before = out.size();
  while (next_ < capture_.operators.size() && !write_keyed(out))
    ++next_;
  if (next_ == capture_.operators.size()) {
    write_footer(out);
    done_ = true;
    return true;
  }
  keyed_bytes_[next_] += out.size() - before;
  checksum_ = crc32c(std::span{out}.subspan(before), checksum_);
  return true;
}

/// Appends a piece of the keyed state that is due; false when there is none
/// left.
bool task_capture_writer::write_keyed(byte_string& out) {
  auto& from = capture_.operators[next_];
  if (!from.keyed)
    return false;
  byte_writer writer{out}; // its end sets the size
  if (from.keyed->write_some(writer))
    return true;
  from.keyed.reset(); // what it refers to is free now
  return false;
}

void task_capture_writer::write_footer(byte_string& out) {
  const std::size_t before = out.size();
  {
    byte_writer to{out};
    to.write_length(capture_.operators.size());
    for (std::size_t i = 0; i < capture_.operators.size(); ++i) {
      auto& from = capture_.operators[i];
      to.write_int(capture_.ids[i]);
      to.write_int(keyed_bytes_[i]);
      const auto& list = from.whole_list();
      to.write_length(list.size());
      for (const auto& entry : list)
        write_bytes(entry, to);
      write_bytes(from.broadcast, to);
      write_states(from.states, to);
    }
    to.write_length(capture_.valves.size());
    for (const auto& each : capture_.valves)
      write_valve(each, to);
    to.write_int(static_cast<std::uint64_t>(to.size()));
    to.write_int(magic);
    to.write_int(format_version);
  }
  checksum_ = crc32c(std::span{out}.subspan(before), checksum_);
  byte_writer{out}.write_int(masked_crc32c(checksum_));
  checksum_ = crc32c(std::span{out}.last(sizeof checksum_), checksum_);
}

expected<void> task_capture_writer::work() {
  for (auto& each : capture_.operators)
    if (auto work = std::exchange(each.work, {}))
      if (auto done = work(); !done)
        return done;
  return {};
}

byte_string encode(task_capture capture) {
  task_capture_writer writer{std::move(capture)};
  byte_string bytes;
  while (writer.write_some(bytes)) {
  }
  return bytes;
}

// -- reading ------------------------------------------------------------------

expected<task_snapshot> decode_task_snapshot(std::span<const std::byte> bytes) {
  constexpr std::size_t trailer_bytes = 18;
  if (bytes.size() < trailer_bytes)
    return damaged("cut short");
  byte_reader trailer{bytes.last(trailer_bytes)};
  std::uint64_t footer_bytes = 0;
  std::uint32_t found_magic = 0;
  std::uint16_t version = 0;
  std::uint32_t sum = 0;
  if (!trailer.read_int(footer_bytes) || !trailer.read_int(found_magic)
      || !trailer.read_int(version) || !trailer.read_int(sum)
      || found_magic != magic)
    return damaged("its end is not that of a state");
  // Before the sum, which another version may form in another way.
  if (version != format_version)
    return error{error_code::incompatible,
                 "state of a task: version " + std::to_string(version)
                   + ", this program reads " + std::to_string(format_version),
                 error_severity::fatal};
  if (masked_crc32c(crc32c(bytes.first(bytes.size() - sizeof sum))) != sum)
    return damaged("its checksum is wrong");
  if (footer_bytes > bytes.size() - trailer_bytes)
    return damaged("its footer is longer than all of it");
  const auto parts = bytes.first(bytes.size() - trailer_bytes);
  byte_reader footer{parts.last(footer_bytes)};
  byte_reader keyed{parts.first(parts.size() - footer_bytes)};
  task_snapshot result;
  if (!read_parts(footer, keyed, result))
    return damaged("its parts do not fit together");
  return result;
}

expected<restored_task>
redistributed(std::span<const old_vertex> old,
              std::span<const std::uint64_t> operators, std::uint32_t index,
              std::uint32_t parallelism,
              std::span<const std::size_t> channels_per_input) {
  restored_task result;
  for (const std::uint64_t id : operators) {
    auto& parts = result.operators.emplace_back();
    for (const old_vertex& vertex : old) {
      if (!holds(vertex, id))
        continue;
      auto own = parts_of(vertex, id, index, parallelism);
      if (!own)
        return own.error();
      parts = std::move(*own);
    }
  }
  for (const old_vertex& vertex : old) {
    const bool same_head =
      std::ranges::any_of(vertex, [&](const task_snapshot& each) {
        return !each.ids.empty() && each.ids.front() == operators.front()
               && each.valves.size() == channels_per_input.size();
      });
    if (!same_head)
      continue;
    for (std::size_t input = 0; input < channels_per_input.size(); ++input)
      result.valves.push_back(
        valve_of(vertex, input, index, parallelism, channels_per_input[input]));
  }
  return result;
}

} // namespace flow
