#include "libflow/state/keyed_restore.hpp"

#include <algorithm>
#include <utility>

namespace flow::detail {

using state_format::block_kind;

namespace {

error incompatible(const std::string& what, const std::string& stored,
                   const std::string& wanted) {
  return {error_code::incompatible,
          "keyed state: the snapshot has " + what + " " + stored
            + ", the job has " + wanted,
          error_severity::fatal};
}

/// One pass over the blocks of one old snapshot.
class keyed_reader {
public:
  keyed_reader(std::span<const std::byte> bytes, const keyed_header& own,
               std::span<keyed_restore_target* const> targets)
    : blocks_(bytes, "keyed state"), own_(own), targets_(targets) {}

  expected<restored_keyed_state> read() {
    auto header = read_header();
    if (!header)
      return header.error();
    if (header->groups.last < own_.groups.first
        || own_.groups.last < header->groups.first)
      return result_;
    stored_ = *header;
    for (;;) {
      auto block = blocks_.next();
      if (!block)
        return block.error();
      byte_reader in{block->body};
      if (block->kind == block_kind::end)
        return read_end(in);
      auto done = block->kind == block_kind::state     ? read_state(in)
                  : block->kind == block_kind::entries ? read_entries(in)
                                                       : unexpected();
      if (!done)
        return done.error();
    }
  }

private:
  expected<keyed_header> read_header() {
    auto block = blocks_.next();
    if (!block)
      return block.error();
    byte_reader in{block->body};
    keyed_header header;
    if (block->kind != block_kind::header || !read_body(in, header))
      return blocks_.corrupt("these bytes do not start as keyed state does");
    if (header.version != state_format::version)
      return incompatible("format version", std::to_string(header.version),
                          std::to_string(state_format::version));
    if (!in.finished() || header.groups.first > header.groups.last
        || header.groups.last >= header.max_parallelism)
      return blocks_.corrupt("the header is damaged");
    if (header.hash_id != own_.hash_id)
      return incompatible("key hash", header.hash_id, own_.hash_id);
    if (header.max_parallelism != own_.max_parallelism)
      return incompatible("max parallelism",
                          std::to_string(header.max_parallelism),
                          std::to_string(own_.max_parallelism));
    if (header.key_schema != own_.key_schema)
      return incompatible("keys of type", header.key_schema, own_.key_schema);
    return header;
  }

  expected<void> unexpected() { return blocks_.corrupt("a second header"); }

  expected<void> read_state(byte_reader& in) {
    state_header header;
    if (!read_body(in, header) || !in.finished())
      return blocks_.corrupt("the description of a state is damaged");
    ++states_;
    name_ = header.name;
    const auto found = std::ranges::find_if(targets_, [&](const auto* each) {
      return each->header().name == header.name;
    });
    target_ = found == targets_.end() ? nullptr : *found;
    if (target_ == nullptr) {
      result_.unknown_states.push_back(header.name);
      return {};
    }
    const auto& wanted = target_->header();
    if (header.kind != wanted.kind)
      return incompatible("the state \"" + header.name + "\" as kind",
                          std::to_string(static_cast<int>(header.kind)),
                          std::to_string(static_cast<int>(wanted.kind)));
    if (header.schema != wanted.schema)
      return incompatible("the state \"" + header.name + "\" with values",
                          header.schema, wanted.schema);
    if (header.namespace_schema != wanted.namespace_schema)
      return incompatible("the state \"" + header.name + "\" in namespaces",
                          "\"" + header.namespace_schema + "\"",
                          "\"" + wanted.namespace_schema + "\"");
    return {};
  }

  expected<void> read_entries(byte_reader& in) {
    entries_header head;
    if (states_ == 0 || !in.read_int(head.group) || !in.read_int(head.count)
        || !stored_.groups.contains(head.group))
      return damaged("entries of no state or group");
    total_ += head.count;
    if (target_ == nullptr || !own_.groups.contains(head.group))
      return {};
    for (std::uint32_t i = 0; i < head.count; ++i)
      if (!target_->read_entry(in, head.group))
        return damaged("entry " + std::to_string(i) + " of key group "
                       + std::to_string(head.group) + " is damaged");
    if (!in.finished())
      return damaged("bytes behind the entries");
    result_.entries += head.count;
    return {};
  }

  expected<restored_keyed_state> read_end(byte_reader& in) {
    std::uint64_t total = 0;
    if (!in.read_int(total) || !in.finished() || total != total_
        || states_ != stored_.states || !blocks_.at_end())
      return blocks_.corrupt("states, entries or blocks are missing");
    return std::move(result_);
  }

  [[nodiscard]] error damaged(const std::string& why) const {
    return blocks_.corrupt("state \"" + name_ + "\": " + why);
  }

  block_reader blocks_;
  const keyed_header& own_;
  std::span<keyed_restore_target* const> targets_;
  keyed_header stored_;
  restored_keyed_state result_;
  keyed_restore_target* target_ = nullptr;
  std::string name_;
  std::uint32_t states_ = 0;
  std::uint64_t total_ = 0;
};

} // namespace

expected<restored_keyed_state>
read_keyed_state(std::span<const std::byte> bytes, const keyed_header& own,
                 std::span<keyed_restore_target* const> targets) {
  return keyed_reader{bytes, own, targets}.read();
}

} // namespace flow::detail
