#include "libflow/connectors/files/part_writer.hpp"

#include <utility>

namespace flow {

namespace {

std::string path_of(const pending_part& part, const std::string& name) {
  return std::string{part.folder}.append("/").append(name);
}

} // namespace

expected<void> commit_part(file_system& files, const pending_part& part) {
  auto hidden = path_of(part, part.hidden_name);
  auto visible = path_of(part, part_name(part.id));
  auto linked = files.link(hidden, visible);
  if (!linked && linked.error().code == error_code::not_found) {
    auto kind = files.kind_of(visible);
    if (!kind)
      return kind.error();
    // Committed before, by somebody who may have died before it was durable.
    if (*kind == file_kind::regular)
      return files.sync_directory(part.folder);
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

expected<void> sealed_parts::make_durable() {
  if (last_) {
    if (auto done = last_->sync(); !done)
      return done;
    if (auto done = last_->close(); !done)
      return done;
    last_.reset();
  }
  // The names must last as long as the checkpoint that holds them.
  return parts.empty() ? expected<void>{} : files_->sync_directory(folder_);
}

void undurable_parts::add(sealed_parts parts) {
  const std::lock_guard guard{mutex_};
  waiting_.push_back(std::move(parts));
}

expected<void> undurable_parts::sync() {
  const std::lock_guard guard{mutex_};
  for (; !waiting_.empty(); waiting_.pop_front())
    if (auto done = waiting_.front().make_durable(); !done)
      return done;
  return {};
}

sealed_parts part_writer::seal() {
  if (file_)
    ended_.push_back(open_);
  return {files_, settings_.folder, std::exchange(ended_, {}),
          std::exchange(file_, nullptr)};
}

expected<std::vector<pending_part>> part_writer::pre_commit() {
  auto sealed = seal();
  if (auto done = sealed.make_durable(); !done) {
    ended_ = std::move(sealed.parts); // abort() finds them
    return done.error();
  }
  return std::move(sealed.parts);
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
