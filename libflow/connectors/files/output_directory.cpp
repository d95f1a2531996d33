#include "libflow/connectors/files/output_directory.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

namespace flow {

namespace {

constexpr std::string_view prefix = "part-";
constexpr std::string_view suffix = ".csv";
constexpr std::string_view success_name = "_SUCCESS";
constexpr std::array folders{results_folder, late_folder, dead_letter_folder};

std::string join(const std::string& directory, std::string_view name) {
  std::string path = directory;
  if (!path.ends_with('/'))
    path.push_back('/');
  return path.append(name);
}

/// Digits without leading zeros at the front of `text`, which moves past them.
template <class T>
bool take_number(std::string_view& text, T& number) {
  auto done = std::from_chars(text.data(), text.data() + text.size(), number);
  if (done.ec != std::errc{} || text.front() == '-')
    return false;
  auto size = static_cast<std::size_t>(done.ptr - text.data());
  auto zeros = text.front() == '0' && size > 1;
  text.remove_prefix(size);
  return !zeros;
}

enum class removal { all, hidden };

/// Removes parts (and success marks) in a folder and the folders in it.
/// @return whether the folder is empty now
expected<bool> remove_parts(file_system& files, const std::string& folder,
                            removal what) {
  auto entries = files.list(folder);
  if (!entries)
    return entries.error();
  auto empty = true;
  for (const auto& entry : *entries) {
    auto path = join(folder, entry.name);
    if (entry.kind == file_kind::directory) {
      auto emptied = remove_parts(files, path, what);
      if (!emptied)
        return emptied;
      if (*emptied && what == removal::all)
        if (auto done = files.remove_empty_directory(path); !done)
          return done;
      empty = empty && *emptied;
      continue;
    }
    auto part = parse_part_name(entry.name);
    auto ours = part ? what == removal::all || part->hidden
                     : what == removal::all && entry.name == success_name;
    if (!ours) {
      empty = false;
      continue;
    }
    if (auto done = files.remove_file(path); !done)
      return done;
  }
  return empty;
}

expected<void> remove_earlier_run(file_system& files,
                                  const std::string& directory) {
  for (auto name : folders) {
    auto folder = join(directory, name);
    auto kind = files.kind_of(folder);
    if (!kind)
      return kind.error();
    if (*kind != file_kind::directory)
      continue;
    auto emptied = remove_parts(files, folder, removal::all);
    if (!emptied)
      return emptied.error();
    if (*emptied)
      if (auto done = files.remove_empty_directory(folder); !done)
        return done.error();
  }
  auto mark = files.remove_file(join(directory, success_name));
  if (!mark)
    return mark.error();
  return {};
}

/// Whether nothing is there but the folders of a run, without a file.
expected<bool> only_empty_folders(file_system& files,
                                  const std::string& directory,
                                  const std::vector<directory_entry>& entries) {
  for (const auto& entry : entries) {
    if (std::ranges::find(folders, entry.name) == std::ranges::end(folders)
        || entry.kind != file_kind::directory)
      return false;
    auto inside = files.list(join(directory, entry.name));
    if (!inside)
      return inside.error();
    if (!inside->empty())
      return false;
  }
  return true;
}

error unusable(const std::string& directory, std::string_view why) {
  std::string text{"the output directory "};
  text.append(directory).append(why);
  return {error_code::invalid_argument, std::move(text), error_severity::fatal};
}

/// A run that failed before its first row leaves empty folders at most.
expected<void> check_unused(file_system& files, const std::string& directory) {
  auto entries = files.list(directory);
  if (!entries)
    return entries.error();
  auto unused = only_empty_folders(files, directory, *entries);
  if (!unused)
    return unused.error();
  if (!*unused)
    return unusable(directory, " is not empty; name another one, or replace "
                               "what an earlier run wrote with --overwrite");
  return {};
}

} // namespace

expected<std::unique_ptr<file_lock>>
prepare_output_directory(file_system& files, const std::string& directory,
                         output_mode mode) {
  auto kind = files.kind_of(directory);
  if (!kind)
    return kind.error();
  if (*kind == file_kind::none) {
    if (auto made = files.make_directories(directory); !made)
      return made.error();
  } else if (*kind != file_kind::directory) {
    return unusable(directory, " is not a directory");
  }
  auto lock = files.lock(directory);
  if (!lock)
    return lock.error();
  if (!*lock)
    return error{error_code::io,
                 "another process writes to the output directory " + directory
                   + "; wait until it has ended, or name another one"};
  if (mode == output_mode::overwrite)
    if (auto removed = remove_earlier_run(files, directory); !removed)
      return removed.error();
  if (mode == output_mode::empty)
    if (auto empty = check_unused(files, directory); !empty)
      return empty.error();
  return lock;
}

expected<void> remove_hidden_parts(file_system& files,
                                   const std::string& directory) {
  for (auto name : folders) {
    auto folder = join(directory, name);
    auto kind = files.kind_of(folder);
    if (!kind)
      return kind.error();
    if (*kind != file_kind::directory)
      continue;
    if (auto done = remove_parts(files, folder, removal::hidden); !done)
      return done.error();
  }
  return {};
}

std::string part_name(const part_id& id) {
  std::string name{prefix};
  name.append(std::to_string(id.subtask)).append("-");
  return name.append(std::to_string(id.number)).append(suffix);
}

std::string hidden_part_name(const part_id& id, std::string_view tag) {
  std::string name{"."};
  return name.append(part_name(id)).append(".").append(tag);
}

std::optional<parsed_part_name> parse_part_name(std::string_view name) {
  parsed_part_name result;
  result.hidden = name.starts_with('.');
  if (result.hidden)
    name.remove_prefix(1);
  if (!name.starts_with(prefix))
    return std::nullopt;
  name.remove_prefix(prefix.size());
  if (name.empty() || !take_number(name, result.id.subtask)
      || !name.starts_with('-'))
    return std::nullopt;
  name.remove_prefix(1);
  if (name.empty() || !take_number(name, result.id.number)
      || !name.starts_with(suffix))
    return std::nullopt;
  name.remove_prefix(suffix.size());
  // Behind a hidden name is its tag, behind a committed one nothing.
  auto right =
    result.hidden ? name.size() > 1 && name.front() == '.' : name.empty();
  if (right && result.hidden)
    result.tag = name.substr(1);
  return right ? std::optional{result} : std::nullopt;
}

expected<std::uint64_t> next_part_number(file_system& files,
                                         const std::string& folder) {
  auto kind = files.kind_of(folder);
  if (!kind)
    return kind.error();
  std::uint64_t next = 0;
  if (*kind == file_kind::none)
    return next;
  auto entries = files.list(folder);
  if (!entries)
    return entries.error();
  for (const auto& entry : *entries)
    if (auto part = parse_part_name(entry.name))
      next = std::max(next, part->id.number + 1);
  return next;
}

expected<void> remove_stale_parts(file_system& files, const std::string& folder,
                                  std::uint32_t index,
                                  std::uint32_t parallelism,
                                  std::string_view tag) {
  auto entries = files.list(folder);
  if (!entries)
    return entries.error();
  for (const auto& entry : *entries) {
    auto part = parse_part_name(entry.name);
    if (!part || !part->hidden || part->tag == tag
        || part->id.subtask % parallelism != index)
      continue;
    if (auto done = files.remove_file(join(folder, entry.name)); !done)
      return done.error();
  }
  return {};
}

std::string identity_of_directory(const std::string& directory) {
  return (std::filesystem::absolute(directory) / "")
    .lexically_normal()
    .string();
}

} // namespace flow
