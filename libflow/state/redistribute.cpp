#include "libflow/state/redistribute.hpp"

#include <algorithm>

namespace flow {

using state_format::block_kind;
using state_format::state_kind;

namespace {

/// The entries of one state in every old subtask.
struct gathered_state {
  operator_state_part description; ///< without entries
  std::vector<std::vector<std::vector<std::byte>>> lists;
  std::vector<std::size_t> holders; ///< old subtasks that have the state
};

expected<std::vector<gathered_state>>
gather(std::span<const std::vector<operator_state_part>> old) {
  std::vector<gathered_state> states;
  for (std::size_t subtask = 0; subtask < old.size(); ++subtask)
    for (const auto& part : old[subtask]) {
      auto state = std::ranges::find_if(states, [&](const auto& known) {
        return known.description.name == part.name;
      });
      if (state == states.end()) {
        states.push_back({{part.kind, part.name, part.schema, {}}, {}, {}});
        state = std::prev(states.end());
        state->lists.resize(old.size());
      }
      if (state->description.kind != part.kind
          || state->description.schema != part.schema)
        return error{error_code::incompatible,
                     "operator state \"" + part.name + "\" holds "
                       + state->description.schema + " in one subtask and "
                       + part.schema + " in subtask " + std::to_string(subtask),
                     error_severity::fatal};
      state->lists[subtask] = part.entries;
      state->holders.push_back(subtask);
    }
  return states;
}

/// The old subtask whose copy a new one gets.
std::size_t copy_for(const gathered_state& state, std::size_t receiver) {
  const std::size_t usual = receiver % state.lists.size();
  if (std::ranges::binary_search(state.holders, usual))
    return usual;
  return state.holders[receiver % state.holders.size()];
}

/// Entries per new subtask.
std::vector<std::vector<std::vector<std::byte>>>
deal_out(gathered_state& state, std::size_t parallelism,
         std::size_t& first_receiver) {
  if (state.description.kind == state_kind::list) {
    std::size_t total = 0;
    for (const auto& list : state.lists)
      total += list.size();
    auto result =
      redistribute(std::move(state.lists), parallelism, first_receiver);
    first_receiver = (first_receiver + total % parallelism) % parallelism;
    return result;
  }
  std::vector<std::vector<std::vector<std::byte>>> result(parallelism);
  for (std::size_t i = 0; i < parallelism; ++i) {
    if (state.description.kind == state_kind::union_list)
      for (const auto& list : state.lists)
        result[i].insert(result[i].end(), list.begin(), list.end());
    else
      result[i] = state.lists[copy_for(state, i)];
  }
  return result;
}

} // namespace

expected<std::vector<std::vector<operator_state_part>>>
redistribute_states(std::span<const std::vector<operator_state_part>> old,
                    std::size_t parallelism) {
  auto states = gather(old);
  if (!states)
    return states.error();
  std::vector<std::vector<operator_state_part>> result(parallelism);
  std::size_t first_receiver = 0;
  for (auto& state : *states) {
    auto dealt = deal_out(state, parallelism, first_receiver);
    for (std::size_t i = 0; i < parallelism; ++i) {
      auto& part = result[i].emplace_back(state.description);
      part.entries = std::move(dealt[i]);
    }
  }
  return result;
}

void write_operator_state(std::span<const operator_state_part> parts,
                          byte_writer& out) {
  {
    detail::block_writer header{out, block_kind::header};
    out.write_int(state_format::operator_magic);
    out.write_int(state_format::version);
    out.write_length(parts.size());
    header.seal();
  }
  std::uint64_t total = 0;
  for (const auto& part : parts) {
    write_block(out, detail::state_header{part.kind, part.name, part.schema});
    detail::block_writer entries{out, block_kind::entries};
    out.write_length(part.entries.size());
    for (const auto& entry : part.entries) {
      out.write_length(entry.size());
      out.write_raw(entry);
    }
    entries.seal();
    total += part.entries.size();
  }
  detail::write_end_block(out, total);
}

namespace {

/// Takes the blocks of one subtask's operator state apart.
class operator_state_reader {
public:
  explicit operator_state_reader(std::span<const std::byte> bytes)
    : blocks_(bytes, "operator state") {}

  expected<std::vector<operator_state_part>> read() {
    auto done = read_header();
    for (std::uint32_t i = 0; done && i < states_; ++i)
      done = read_part();
    if (done)
      done = read_end();
    if (!done)
      return done.error();
    return std::move(parts_);
  }

private:
  /// The body of the next block, of a kind.
  expected<byte_reader> next(block_kind kind) {
    auto block = blocks_.next();
    if (!block)
      return block.error();
    if (block->kind != kind)
      return blocks_.corrupt("a block of another kind was to come here");
    return byte_reader{block->body};
  }

  expected<void> read_header() {
    auto in = next(block_kind::header);
    if (!in)
      return in.error();
    std::uint32_t magic = 0;
    std::uint16_t version = 0;
    if (!in->read_int(magic) || magic != state_format::operator_magic
        || !in->read_int(version))
      return blocks_.corrupt("these bytes do not start as operator state does");
    if (version != state_format::version)
      return error{error_code::incompatible,
                   "operator state of format version " + std::to_string(version)
                     + "; this program reads "
                     + std::to_string(state_format::version),
                   error_severity::fatal};
    if (!in->read_int(states_) || !in->finished())
      return blocks_.corrupt("the header is damaged");
    return {};
  }

  expected<void> read_part() {
    auto in = next(block_kind::state);
    if (!in)
      return in.error();
    detail::state_header header;
    if (!read_body(*in, header) || !in->finished()
        || !header.namespace_schema.empty())
      return blocks_.corrupt("the description of a state is damaged");
    if (header.kind < state_kind::list || header.kind > state_kind::broadcast)
      return blocks_.corrupt("state \"" + header.name + "\" is of no kind");
    auto& part = parts_.emplace_back(
      operator_state_part{header.kind, header.name, header.schema, {}});
    return read_entries(part);
  }

  expected<void> read_entries(operator_state_part& part) {
    auto in = next(block_kind::entries);
    if (!in)
      return in.error();
    std::size_t count = 0;
    bool good = in->read_length(count, sizeof(std::uint32_t));
    for (std::size_t i = 0; good && i < count; ++i) {
      std::size_t size = 0;
      std::span<const std::byte> entry;
      good = in->read_length(size, 1) && in->read_raw(size, entry);
      part.entries.emplace_back(entry.begin(), entry.end());
    }
    if (!good || !in->finished())
      return blocks_.corrupt("state \"" + part.name
                             + "\": its entries are damaged");
    total_ += part.entries.size();
    return {};
  }

  expected<void> read_end() {
    auto in = next(block_kind::end);
    if (!in)
      return in.error();
    std::uint64_t total = 0;
    if (!in->read_int(total) || !in->finished() || total != total_
        || !blocks_.at_end())
      return blocks_.corrupt("states, entries or blocks are missing");
    return {};
  }

  detail::block_reader blocks_;
  std::uint32_t states_ = 0;
  std::uint64_t total_ = 0;
  std::vector<operator_state_part> parts_;
};

} // namespace

expected<std::vector<operator_state_part>>
read_operator_state(std::span<const std::byte> bytes) {
  return operator_state_reader{bytes}.read();
}

} // namespace flow
