#include "actors/subtask/task_snapshot.hpp"

#include <algorithm>

#include "libflow/core/bytes.hpp"
#include "libflow/core/crc32c.hpp"
#include "libflow/state/redistribute.hpp"

namespace flow {

namespace {

constexpr std::uint8_t format_version = 1;

error damaged(const std::string& what) {
  return {error_code::corrupt_data, "snapshot of a task: " + what};
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

void write_operator(const operator_snapshot& from, byte_writer& out) {
  write_bytes(from.keyed, out);
  out.write_length(from.list.size());
  for (const auto& entry : from.list)
    write_bytes(entry, out);
  write_bytes(from.broadcast, out);
}

bool read_operator(byte_reader& in, operator_snapshot& to) {
  std::size_t entries = 0;
  if (!read_bytes(in, to.keyed)
      || !in.read_length(entries, sizeof(std::uint64_t)))
    return false;
  to.list.resize(entries);
  for (auto& entry : to.list)
    if (!read_bytes(in, entry))
      return false;
  return read_bytes(in, to.broadcast);
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

template <class T, class Read>
bool read_all(byte_reader& in, std::size_t least_bytes, std::vector<T>& to,
              Read read) {
  std::size_t count = 0;
  if (!in.read_length(count, least_bytes))
    return false;
  to.resize(count);
  return std::all_of(to.begin(), to.end(),
                     [&](T& each) { return read(in, each); });
}

/// The parts of operator `position` for one subtask.
std::vector<operator_snapshot> parts_of(std::span<const task_snapshot> old,
                                        std::size_t position,
                                        std::uint32_t index,
                                        std::uint32_t parallelism) {
  if (old.size() == parallelism)
    return {old[index].operators[position]};
  std::vector<operator_snapshot> parts;
  std::vector<std::vector<byte_string>> lists;
  for (const task_snapshot& each : old) {
    const operator_snapshot& from = each.operators[position];
    parts.push_back({from.keyed, {}, from.broadcast});
    lists.push_back(from.list);
  }
  parts.front().list = redistribute(std::move(lists), parallelism)[index];
  return parts;
}

} // namespace

byte_string encode(const task_snapshot& snapshot) {
  byte_string bytes;
  {
    byte_writer out{bytes};
    out.write_int(format_version);
    out.write_length(snapshot.operators.size());
    for (const auto& each : snapshot.operators)
      write_operator(each, out);
    out.write_length(snapshot.valves.size());
    for (const auto& each : snapshot.valves)
      write_valve(each, out);
  }
  const std::uint32_t sum = crc32c(bytes);
  byte_writer{bytes}.write_int(sum);
  return bytes;
}

expected<task_snapshot> decode_task_snapshot(std::span<const std::byte> bytes) {
  std::uint32_t sum = 0;
  if (bytes.size() < sizeof sum)
    return damaged("cut short");
  const auto body = bytes.first(bytes.size() - sizeof sum);
  if (!byte_reader{bytes.last(sizeof sum)}.read_int(sum) || crc32c(body) != sum)
    return damaged("its checksum is wrong");
  byte_reader in{body};
  std::uint8_t version = 0;
  if (!in.read_int(version) || version != format_version)
    return error{error_code::incompatible,
                 "snapshot of a task: version " + std::to_string(version)
                   + ", this program reads " + std::to_string(format_version)};
  constexpr std::size_t least_operator = 20;
  constexpr std::size_t least_valve = 12;
  task_snapshot result;
  if (!read_all(in, least_operator, result.operators, read_operator)
      || !read_all(in, least_valve, result.valves, read_valve)
      || !in.finished())
    return damaged("its parts do not fit together");
  return result;
}

expected<restored_task>
redistributed(std::span<const task_snapshot> old, std::uint32_t index,
              std::uint32_t parallelism,
              std::span<const std::size_t> channels_per_input) {
  if (old.empty())
    return damaged("there is none");
  const std::size_t operators = old.front().operators.size();
  for (const task_snapshot& each : old)
    if (each.operators.size() != operators
        || each.valves.size() != channels_per_input.size())
      return error{error_code::incompatible,
                   "snapshot of a task: it is of another chain of operators"};
  restored_task result;
  for (std::size_t i = 0; i < operators; ++i)
    result.operators.push_back(parts_of(old, i, index, parallelism));
  for (std::size_t input = 0; input < channels_per_input.size(); ++input) {
    const std::size_t channels = channels_per_input[input];
    if (old.size() == parallelism
        && old[index].valves[input].channels.size() == channels) {
      result.valves.push_back(old[index].valves[input]);
      continue;
    }
    std::vector<valve_state> states;
    for (const task_snapshot& each : old)
      states.push_back(each.valves[input]);
    result.valves.push_back(rescaled(states, channels));
  }
  return result;
}

} // namespace flow
