#include "libflow/connectors/files/file_parts.hpp"

#include <utility>

namespace flow {

namespace {

auto commit_to(file_system& files) {
  return
    [&files](const pending_part& part) { return commit_part(files, part); };
}

} // namespace

file_parts::file_parts(file_sink_settings settings)
  : settings_(std::move(settings)),
    undurable_(std::make_shared<undurable_parts>()) {}

file_parts::~file_parts() = default;

expected<void> file_parts::open(runtime_context& context) {
  auto& files = *settings_.files;
  if (auto done = files.make_directories(settings_.folder); !done)
    return done;
  index_ = context.subtask_index();
  parallelism_ = context.parallelism();
  tag_ = context.job_id() + "." + context.operator_id() + "." + context.run();
  auto first = next_part_number(files, settings_.folder);
  if (!first)
    return first.error();
  parts_.emplace(files,
                 part_settings{settings_.folder, index_, tag_, settings_.header,
                               *first, settings_.roll_bytes});
  return {};
}

expected<writer_snapshot>
file_parts::snapshot(const snapshot_context& context) {
  if (auto done = write_rows(); !done)
    return done.error();
  auto sealed = parts_->seal();
  for (const auto& part : sealed.parts)
    commits_.prepared(context.checkpoint_id, part);
  undurable_->add(std::move(sealed));
  return writer_snapshot{
    commits_.entries(),
    [parts = undurable_, files = settings_.files] { return parts->sync(); }};
}

expected<void>
file_parts::restore(std::span<const std::vector<std::byte>> entries) {
  return commits_.recover(entries, commit_to(*settings_.files));
}

expected<void> file_parts::checkpoint_completed(std::uint64_t id) {
  if (auto done = commits_.completed(id, commit_to(*settings_.files)); !done)
    return done;
  // By now every subtask has committed what it was restored with.
  if (std::exchange(cleaned_, true))
    return {};
  return remove_stale_parts(*settings_.files, settings_.folder, index_,
                            parallelism_, tag_);
}

void file_parts::close() {
  // Nothing half-written stays behind a failure.
  if (parts_)
    (void)parts_->abort();
}

expected<void> file_parts::write_rows() {
  auto done = parts_->write(rows_.bytes());
  rows_.clear();
  return done;
}

} // namespace flow
