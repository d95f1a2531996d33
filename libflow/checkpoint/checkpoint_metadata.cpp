#include "libflow/checkpoint/checkpoint_metadata.hpp"

#include <algorithm>

#include "libflow/core/bytes.hpp"
#include "libflow/state/state_format.hpp"

namespace flow {

namespace {

using detail::block_reader;
using detail::block_writer;
using state_format::block_kind;

constexpr std::uint32_t magic = 0x4b434c46; // "FLCK"
constexpr std::uint16_t version = 1;

void write_bytes(const std::vector<std::byte>& bytes, byte_writer& out) {
  out.write_int(static_cast<std::uint64_t>(bytes.size()));
  out.write_raw(bytes);
}

void write_header(const checkpoint_metadata& from, byte_writer& out) {
  block_writer block{out, block_kind::header};
  out.write_int(magic);
  out.write_int(version);
  out.write_int(from.checkpoint_id);
  out.write_int(from.kind);
  out.write_string(from.job_id);
  out.write_string(from.job_name);
  out.write_string(from.hash_id);
  out.write_int(from.triggered);
  out.write_length(from.vertices.size());
  block.seal();
}

void write_vertex(const vertex_state& from, byte_writer& out) {
  block_writer block{out, block_kind::state};
  out.write_int(from.max_parallelism);
  out.write_length(from.operators.size());
  for (const auto& each : from.operators) {
    out.write_int(each.id);
    out.write_string(each.uid);
    out.write_string(each.name);
    out.write_bool(each.stateful);
  }
  out.write_bool(from.coordinator.has_value());
  if (from.coordinator)
    write_bytes(*from.coordinator, out);
  out.write_length(from.subtasks.size());
  block.seal();
}

void write_subtask(const subtask_state& from, byte_writer& out) {
  block_writer block{out, block_kind::entries};
  out.write_int(static_cast<std::uint8_t>(from.stage));
  out.write_string(from.state.file);
  out.write_int(from.state.size);
  out.write_int(from.state.checksum);
  out.write_int(static_cast<std::uint64_t>(from.state.bytes.size()));
  from.state.bytes.for_each_piece([&](auto piece) { out.write_raw(piece); });
  block.seal();
}

bool read_text(byte_reader& in, std::string& to) {
  std::string_view view;
  if (!in.read_string(view))
    return false;
  to = view;
  return true;
}

bool read_bytes(byte_reader& in, std::vector<std::byte>& to) {
  std::uint64_t size = 0;
  std::span<const std::byte> view;
  if (!in.read_int(size) || !in.read_raw(size, view))
    return false;
  to.assign(view.begin(), view.end());
  return true;
}

bool read_header(byte_reader& in, checkpoint_metadata& to,
                 std::uint32_t& vertices) {
  return in.read_int(to.checkpoint_id) && in.read_int(to.kind)
         && read_text(in, to.job_id) && read_text(in, to.job_name)
         && read_text(in, to.hash_id) && in.read_int(to.triggered)
         && in.read_int(vertices) && in.finished();
}

bool read_vertex(byte_reader& in, vertex_state& to, std::uint32_t& subtasks) {
  std::size_t operators = 0;
  constexpr std::size_t least_operator = 17;
  if (!in.read_int(to.max_parallelism)
      || !in.read_length(operators, least_operator))
    return false;
  to.operators.resize(operators);
  for (auto& each : to.operators)
    if (!in.read_int(each.id) || !read_text(in, each.uid)
        || !read_text(in, each.name) || !in.read_bool(each.stateful))
      return false;
  bool coordinator = false;
  if (!in.read_bool(coordinator))
    return false;
  if (coordinator && !read_bytes(in, to.coordinator.emplace()))
    return false;
  return in.read_int(subtasks) && in.finished();
}

bool read_subtask(byte_reader& in, subtask_state& to) {
  std::uint8_t stage = 0;
  std::vector<std::byte> bytes;
  if (!in.read_int(stage)
      || stage > static_cast<std::uint8_t>(subtask_stage::finished)
      || !read_text(in, to.state.file) || !in.read_int(to.state.size)
      || !in.read_int(to.state.checksum) || !read_bytes(in, bytes)
      || !in.finished())
    return false;
  to.stage = static_cast<subtask_stage>(stage);
  to.state.bytes = shared_bytes{std::move(bytes)};
  // A name, never a way out of the checkpoint's folder.
  return to.state.file.find('/') == std::string::npos && to.state.file != "."
         && to.state.file != "..";
}

/// Reads the blocks of one file of metadata, in the only order there is.
class metadata_reader {
public:
  explicit metadata_reader(std::span<const std::byte> bytes)
    : blocks_(bytes, "metadata of a checkpoint") {}

  expected<checkpoint_metadata> read() {
    std::uint32_t vertices = 0;
    if (auto done = header(vertices); !done)
      return done.error();
    for (std::uint32_t i = 0; i < vertices; ++i)
      if (auto done = vertex(); !done)
        return done.error();
    if (auto done = end(); !done)
      return done.error();
    return std::move(result_);
  }

private:
  expected<void> header(std::uint32_t& vertices) {
    auto block = next(block_kind::header);
    if (!block)
      return block.error();
    byte_reader in{*block};
    std::uint32_t found_magic = 0;
    std::uint16_t found_version = 0;
    if (!in.read_int(found_magic) || found_magic != magic
        || !in.read_int(found_version))
      return blocks_.corrupt("it does not begin as metadata does");
    if (found_version != version)
      return error{error_code::incompatible,
                   "metadata of a checkpoint: version "
                     + std::to_string(found_version) + ", this program reads "
                     + std::to_string(version)};
    if (!read_header(in, result_, vertices))
      return blocks_.corrupt("its header cannot be read");
    return {};
  }

  expected<void> vertex() {
    auto block = next(block_kind::state);
    if (!block)
      return block.error();
    std::uint32_t subtasks = 0;
    byte_reader in{*block};
    if (!read_vertex(in, result_.vertices.emplace_back(), subtasks))
      return blocks_.corrupt("a vertex cannot be read");
    for (std::uint32_t i = 0; i < subtasks; ++i) {
      auto each = next(block_kind::entries);
      if (!each)
        return each.error();
      byte_reader from{*each};
      if (!read_subtask(from, result_.vertices.back().subtasks.emplace_back()))
        return blocks_.corrupt("a subtask cannot be read");
      ++subtasks_;
    }
    return {};
  }

  expected<void> end() {
    auto block = next(block_kind::end);
    if (!block)
      return block.error();
    std::uint64_t count = 0;
    byte_reader in{*block};
    if (!in.read_int(count) || !in.finished() || count != subtasks_)
      return blocks_.corrupt("its end does not fit what was before");
    if (!blocks_.at_end())
      return blocks_.corrupt("bytes follow its end");
    return {};
  }

  expected<std::span<const std::byte>> next(block_kind wanted) {
    auto block = blocks_.next();
    if (!block)
      return block.error();
    if (block->kind != wanted)
      return blocks_.corrupt("another block was expected");
    return block->body;
  }

  block_reader blocks_;
  checkpoint_metadata result_;
  std::uint64_t subtasks_ = 0;
};

} // namespace

std::uint64_t state_bytes(const checkpoint_metadata& of) noexcept {
  std::uint64_t sum = 0;
  for (const auto& vertex : of.vertices) {
    sum += vertex.coordinator ? vertex.coordinator->size() : 0;
    for (const auto& each : vertex.subtasks)
      sum += each.state.size;
  }
  return sum;
}

bool all_ended(const checkpoint_metadata& of) noexcept {
  return std::ranges::all_of(of.vertices, [](const auto& vertex) {
    return std::ranges::all_of(vertex.subtasks, [](const auto& each) {
      return each.stage != subtask_stage::running;
    });
  });
}

std::vector<std::byte> encode(const checkpoint_metadata& from) {
  std::vector<std::byte> bytes;
  {
    byte_writer out{bytes}; // its end sets the size
    write_header(from, out);
    std::uint64_t subtasks = 0;
    for (const auto& vertex : from.vertices) {
      write_vertex(vertex, out);
      for (const auto& each : vertex.subtasks)
        write_subtask(each, out);
      subtasks += vertex.subtasks.size();
    }
    detail::write_end_block(out, subtasks);
  }
  return bytes;
}

expected<checkpoint_metadata>
decode_checkpoint_metadata(std::span<const std::byte> bytes) {
  return metadata_reader{bytes}.read();
}

} // namespace flow
