#include "libflow/connectors/files/part_writer.hpp"

#include <utility>

#include "libflow/core/bytes.hpp"

namespace flow {

namespace {

std::string path_of(const pending_part& part, const std::string& name) {
  return std::string{part.folder}.append("/").append(name);
}

} // namespace

void encode_pending_part(const pending_part& part, std::vector<std::byte>& to) {
  byte_writer out{to};
  out.write_string(part.folder);
  out.write_string(part.hidden_name);
  out.write_int(part.id.subtask);
  out.write_int(part.id.number);
}

expected<pending_part> decode_pending_part(std::span<const std::byte> bytes) {
  byte_reader in{bytes};
  std::string_view folder;
  std::string_view hidden_name;
  pending_part part;
  if (!in.read_string(folder) || !in.read_string(hidden_name)
      || !in.read_int(part.id.subtask) || !in.read_int(part.id.number)
      || !in.finished() || hidden_name.find('/') != std::string_view::npos)
    return error{error_code::corrupt_data, "a pending part is damaged",
                 error_severity::fatal};
  part.folder = folder;
  part.hidden_name = hidden_name;
  return part;
}

expected<void> commit_part(file_system& files, const pending_part& part) {
  auto hidden = path_of(part, part.hidden_name);
  auto visible = path_of(part, part_name(part.id));
  auto linked = files.link(hidden, visible);
  if (!linked && linked.error().code == error_code::not_found) {
    auto kind = files.kind_of(visible);
    if (!kind)
      return kind.error();
    if (*kind == file_kind::regular)
      return {}; // committed before
  }
  if (!linked)
    return linked.error();
  if (!*linked) {
    auto same = files.same_file(hidden, visible);
    if (!same)
      return same.error();
    auto kind = files.kind_of(hidden);
    if (!kind)
      return kind.error();
    // Linked and not yet unlinked before, or both: what is left is to unlink.
    if (!*same && *kind != file_kind::none)
      return error{error_code::corrupt_data,
                   std::string{"cannot commit "}
                     .append(hidden)
                     .append(": another file has the name ")
                     .append(visible),
                   error_severity::fatal};
  }
  if (auto done = files.remove_file(hidden); !done)
    return done.error();
  return files.sync_directory(part.folder);
}

expected<void> abort_part(file_system& files, const pending_part& part) {
  if (auto done = files.remove_file(path_of(part, part.hidden_name)); !done)
    return done.error();
  return {};
}

expected<void> part_writer::begin() {
  part_id id{settings_.subtask, next_number_};
  open_ = {settings_.folder, hidden_part_name(id, settings_.tag), id};
  open_bytes_ = 0;
  auto file = files_.create(path_of(open_, open_.hidden_name));
  if (!file)
    return file.error();
  file_ = std::move(*file);
  ++next_number_;
  return file_->append(settings_.header);
}

expected<void> part_writer::end() {
  if (auto done = file_->sync(); !done)
    return done;
  if (auto done = file_->close(); !done)
    return done;
  file_.reset();
  ended_.push_back(open_);
  return {};
}

expected<void> part_writer::write(std::string_view rows) {
  if (rows.empty())
    return {};
  if (!file_)
    if (auto done = begin(); !done)
      return done;
  if (auto done = file_->append(rows); !done)
    return done;
  open_bytes_ += rows.size();
  return open_bytes_ < settings_.roll_bytes ? expected<void>{} : end();
}

expected<std::vector<pending_part>> part_writer::pre_commit() {
  if (file_)
    if (auto done = end(); !done)
      return done.error();
  // The names must last as long as the checkpoint that holds them.
  if (!ended_.empty())
    if (auto done = files_.sync_directory(settings_.folder); !done)
      return done.error();
  return std::exchange(ended_, {});
}

expected<void> part_writer::abort() {
  if (std::exchange(file_, nullptr))
    ended_.push_back(open_);
  for (const auto& part : std::exchange(ended_, {}))
    if (auto done = abort_part(files_, part); !done)
      return done;
  return {};
}

} // namespace flow
