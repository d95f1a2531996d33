#include "backends/filesystem/filesystem_storage.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "libflow/checkpoint/checkpoint_files.hpp"
#include "libflow/checkpoint/inline_state.hpp"

namespace flow {

namespace {

constexpr std::string_view checkpoint_prefix = "chk-";
constexpr const char* unfinished_metadata_name = "/_metadata.unfinished";

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<std::uint64_t> id_of(std::string_view name) {
  if (!name.starts_with(checkpoint_prefix))
    return std::nullopt;
  name.remove_prefix(checkpoint_prefix.size());
  std::uint64_t id = 0;
  const auto done = std::from_chars(name.data(), name.data() + name.size(), id);
  if (done.ec != std::errc{} || done.ptr != name.data() + name.size() || id == 0
      || name.front() == '0')
    return std::nullopt;
  return id;
}

/// Collects a small state, and goes on in a file once it is not small.
class file_state_output final : public state_output {
public:
  file_state_output(file_system& files, std::string directory, std::string name)
    : files_(files), directory_(std::move(directory)), name_(std::move(name)) {}

  file_state_output(const file_state_output&) = delete;
  file_state_output& operator=(const file_state_output&) = delete;

  ~file_state_output() override {
    if (std::exchange(file_, nullptr))
      (void)files_.remove_file(path());
  }

  expected<void> append(std::span<const std::byte> bytes) override {
    size_ += bytes.size();
    if (file_)
      return file_->append(text_of(bytes));
    small_.insert(small_.end(), bytes.begin(), bytes.end());
    return size_ > filesystem_storage::inline_bytes ? open() : expected<void>{};
  }

  expected<state_handle> finish(std::uint32_t checksum) override {
    if (!file_)
      return inline_state(std::move(small_), checksum);
    if (auto done = file_->sync(); !done)
      return done.error();
    if (auto done = file_->close(); !done)
      return done.error();
    file_ = nullptr;
    state_handle handle;
    handle.file = name_;
    handle.size = size_;
    handle.checksum = checksum;
    return handle;
  }

private:
  [[nodiscard]] std::string path() const { return directory_ + "/" + name_; }

  expected<void> open() {
    if (auto made = files_.make_directories(directory_); !made)
      return made;
    auto file = files_.create_large(path());
    if (!file)
      return file.error();
    file_ = std::move(*file);
    return file_->append(text_of(std::exchange(small_, {})));
  }

  file_system& files_;
  const std::string directory_;
  const std::string name_;
  std::vector<std::byte> small_;
  std::unique_ptr<writable_file> file_;
  std::uint64_t size_ = 0;
};

} // namespace

std::string filesystem_storage::path_of(std::uint64_t checkpoint_id) const {
  return folder_ + "/" + std::string{checkpoint_prefix}
         + std::to_string(checkpoint_id);
}

expected<std::unique_ptr<state_output>>
filesystem_storage::begin_state(std::uint64_t checkpoint_id,
                                const std::string& name) {
  return std::unique_ptr<state_output>{std::make_unique<file_state_output>(
    *files_, path_of(checkpoint_id), "state-" + name)};
}

expected<std::vector<std::byte>>
filesystem_storage::read_state(const std::string& location,
                               const state_handle& handle) {
  return read_stored_state(*files_, location, handle);
}

/// States are durable before: their files were synced one by one, their names
/// are by the directory.
expected<std::string> filesystem_storage::publish(
  std::shared_ptr<const checkpoint_metadata> metadata) {
  const std::string directory = path_of(metadata->checkpoint_id);
  if (auto made = files_->make_directories(directory); !made)
    return made.error();
  const std::string unfinished = directory + unfinished_metadata_name;
  if (auto removed = files_->remove_file(unfinished); !removed)
    return removed.error();
  auto file = files_->create(unfinished);
  if (!file)
    return file.error();
  if (auto done = (*file)->append(text_of(encode(*metadata))); !done)
    return done.error();
  if (auto done = (*file)->sync(); !done)
    return done.error();
  if (auto done = (*file)->close(); !done)
    return done.error();
  if (auto done = files_->sync_directory(folder_); !done)
    return done.error();
  if (auto done = files_->rename(unfinished, metadata_path(directory)); !done)
    return done.error();
  if (auto done = files_->sync_directory(directory); !done)
    return done.error();
  return directory;
}

expected<std::vector<std::uint64_t>>
filesystem_storage::ids(bool only_published) {
  std::vector<std::uint64_t> result;
  const auto kind = files_->kind_of(folder_);
  if (!kind)
    return kind.error();
  if (*kind == file_kind::none)
    return result;
  const auto entries = files_->list(folder_);
  if (!entries)
    return entries.error();
  for (const auto& entry : *entries) {
    const auto id = id_of(entry.name);
    if (!id || entry.kind != file_kind::directory)
      continue;
    if (only_published) {
      const auto found = files_->kind_of(metadata_path(path_of(*id)));
      if (!found)
        return found.error();
      if (*found == file_kind::none)
        continue;
    }
    result.push_back(*id);
  }
  std::ranges::sort(result);
  return result;
}

expected<std::vector<std::uint64_t>> filesystem_storage::published() {
  return ids(true);
}

expected<std::vector<std::uint64_t>> filesystem_storage::begun() {
  return ids(false);
}

expected<stored_checkpoint>
filesystem_storage::load(std::uint64_t checkpoint_id) {
  const std::string directory = path_of(checkpoint_id);
  auto loaded = load_checkpoint(*files_, directory);
  if (loaded && loaded->metadata->checkpoint_id != checkpoint_id)
    return error{error_code::corrupt_data,
                 metadata_path(directory) + ": it is that of checkpoint "
                   + std::to_string(loaded->metadata->checkpoint_id),
                 error_severity::fatal};
  return loaded;
}

/// The metadata goes first: from then on it is no checkpoint any more, however
/// far the rest gets. Somebody else may be at the same: whoever gives a
/// checkpoint up says so again once nobody writes of it any more.
expected<void> filesystem_storage::discard(std::uint64_t checkpoint_id) {
  const std::string directory = path_of(checkpoint_id);
  const auto kind = files_->kind_of(directory);
  if (!kind)
    return kind.error();
  if (*kind == file_kind::none)
    return {};
  if (auto done = files_->remove_file(metadata_path(directory)); !done)
    return done.error();
  const auto entries = files_->list(directory);
  if (!entries)
    return entries.error().code == error_code::not_found
             ? expected<void>{}
             : expected<void>{entries.error()};
  for (const auto& entry : *entries)
    if (auto done = files_->remove_file(directory + "/" + entry.name); !done)
      return done.error();
  if (auto done = files_->remove_empty_directory(directory); !done)
    return done.error();
  return {};
}

} // namespace flow
