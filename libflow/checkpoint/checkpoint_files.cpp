#include "libflow/checkpoint/checkpoint_files.hpp"

#include "libflow/checkpoint/inline_state.hpp"

namespace flow {

namespace {

/// More than any job's: its tasks' small states are in it.
constexpr std::uint64_t metadata_bytes_max = std::uint64_t{1} << 30;

/// @param check  refuses a size before memory is taken for it
template <class Check>
expected<std::vector<std::byte>>
read_file(file_system& files, const std::string& path, Check check) {
  auto file = files.open(path);
  if (!file)
    return file.error();
  const auto size = (*file)->size();
  if (!size)
    return size.error();
  if (expected<void> checked = check(*size); !checked)
    return checked.error();
  std::vector<std::byte> bytes(*size);
  auto got =
    (*file)->read_at(0, reinterpret_cast<char*>(bytes.data()), bytes.size());
  if (!got)
    return got.error();
  bytes.resize(*got);
  return bytes;
}

} // namespace

std::string metadata_path(const std::string& directory) {
  return directory + "/_metadata";
}

expected<std::vector<std::byte>> read_stored_state(file_system& files,
                                                   const std::string& directory,
                                                   const state_handle& handle) {
  if (handle.file.empty())
    return checked_inline_state(directory, handle);
  const std::string path = directory + "/" + handle.file;
  auto bytes = read_file(files, path, [&](std::uint64_t size) {
    return check_state_size(path, handle, size);
  });
  // A published checkpoint has all its states: this one is damaged.
  if (!bytes && bytes.error().code == error_code::not_found)
    return error{error_code::corrupt_data, bytes.error().text,
                 error_severity::fatal};
  if (!bytes)
    return bytes;
  if (auto checked = check_state(path, handle, *bytes); !checked)
    return checked.error();
  return bytes;
}

expected<stored_checkpoint> load_checkpoint(file_system& files,
                                            const std::string& directory) {
  const std::string path = metadata_path(directory);
  const auto kind = files.kind_of(path);
  if (!kind)
    return kind.error();
  if (*kind == file_kind::none)
    return error{error_code::not_found,
                 directory + " holds no checkpoint: there is no _metadata"};
  // Whoever published it may have died before its name was durable. What goes
  // on from here commits for good: a crash must not take the checkpoint away
  // from under that.
  if (auto durable = files.sync_directory(directory); !durable)
    return durable.error();
  auto bytes =
    read_file(files, path, [&](std::uint64_t size) -> expected<void> {
      if (size <= metadata_bytes_max)
        return {};
      return error{error_code::corrupt_data,
                   path + ": metadata of a checkpoint: beyond 1 GiB",
                   error_severity::fatal};
    });
  if (!bytes)
    return bytes.error();
  auto metadata = decode_checkpoint_metadata(*bytes);
  if (!metadata)
    return error{metadata.error().code, path + ": " + metadata.error().text,
                 error_severity::fatal};
  return stored_checkpoint{
    std::make_shared<const checkpoint_metadata>(std::move(*metadata)),
    directory};
}

} // namespace flow
