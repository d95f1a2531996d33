#include "test/sim/faulty_disk.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace flow::sim {

using detail::disk_node;
using detail::disk_node_ptr;

namespace {

constexpr std::chrono::milliseconds longest_delay{2000};

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    if (end > at)
      parts.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

disk_node_ptr new_node(file_kind kind) {
  auto node = std::make_shared<disk_node>();
  node->kind = kind;
  return node;
}

disk_node_ptr find(disk_node_ptr at, const std::vector<std::string>& parts,
                   std::size_t count) {
  for (std::size_t i = 0; i < count && at; ++i) {
    const auto found = at->entries.find(parts[i]);
    at = found == at->entries.end() ? nullptr : found->second;
  }
  return at;
}

void change_entry(disk_node& directory, const std::string& name,
                  disk_node_ptr entry) {
  if (entry)
    directory.entries[name] = entry;
  else
    directory.entries.erase(name);
  directory.unsynced.push_back({name, std::move(entry)});
}

/// What a crash leaves: everything synced, and of the rest the first few.
void forget(disk_node& node, fault_plan& plan) {
  const bool all = plan.below(2) == 0;
  if (node.kind == file_kind::regular) {
    if (node.bytes == node.synced_bytes)
      return;
    const auto more = node.bytes.size() - node.synced_bytes.size();
    const auto kept = all ? 0 : plan.below(more + 1);
    if (kept < more)
      plan.note(fault::forgotten_bytes);
    node.bytes.resize(node.synced_bytes.size() + kept);
    node.synced_bytes = node.bytes;
    return;
  }
  const auto kept = all ? 0 : plan.below(node.unsynced.size() + 1);
  if (kept < node.unsynced.size())
    plan.note(fault::forgotten_names);
  for (std::size_t i = 0; i < kept; ++i) {
    const auto& each = node.unsynced[i];
    if (each.entry)
      node.synced_entries[each.name] = each.entry;
    else
      node.synced_entries.erase(each.name);
  }
  node.entries = node.synced_entries;
  node.unsynced.clear();
  for (auto& [name, entry] : node.entries)
    forget(*entry, plan);
}

void collect(const disk_node& node, bool synced, const std::string& path,
             std::map<std::string, std::string>& to) {
  if (node.kind == file_kind::regular) {
    to[path] = synced ? node.synced_bytes : node.bytes;
    return;
  }
  for (const auto& [name, entry] : synced ? node.synced_entries : node.entries)
    collect(*entry, synced, path + "/" + name, to);
}

std::map<std::string, std::string> files_of(disk_node_ptr at, bool synced,
                                            const std::string& path) {
  std::map<std::string, std::string> result;
  for (const auto& part : parts_of(path)) {
    const auto& entries = synced ? at->synced_entries : at->entries;
    const auto found = entries.find(part);
    if (found == entries.end())
      return result;
    at = found->second;
  }
  collect(*at, synced, path, result);
  return result;
}

} // namespace

/// The file system of one process.
class faulty_disk::mounted final : public file_system {
public:
  explicit mounted(faulty_disk& disk)
    : disk_(disk), generation_(disk.generation_) {}

  [[nodiscard]] faulty_disk& disk() noexcept { return disk_; }

  /// What stops an operation: the process is dead, or bad luck. Passes time.
  std::optional<error> stopped_by(const char* doing, const std::string& path,
                                  bool takes_room = false) {
    if (generation_ != disk_.generation_)
      return failure(doing, path, "the process is dead");
    auto& plan = disk_.plan_;
    if (plan.strikes(fault::process_crash, 4)) {
      disk_.die_();
      return failure(doing, path, "the process is dead");
    }
    if (plan.strikes(fault::slow_disk, 8))
      disk_.pass_(std::chrono::milliseconds{
        1 + plan.below(static_cast<std::uint64_t>(longest_delay.count()))});
    if (takes_room) {
      if (plan.strikes(fault::disk_full, 8))
        disk_.full_until_ =
          disk_.now_() + std::chrono::milliseconds{plan.below(1000)};
      if (disk_.full())
        return failure(doing, path, "No space left on device");
    }
    if (plan.strikes(fault::io_error, 4))
      return failure(doing, path, "Input/output error");
    return {};
  }

  static error failure(const char* doing, const std::string& path,
                       const std::string& why,
                       error_code code = error_code::io) {
    return {code, std::string{"cannot "} + doing + " " + path + ": " + why,
            error_severity::retryable};
  }

  expected<std::unique_ptr<readable_file>>
  open(const std::string& path) override;
  expected<std::unique_ptr<writable_file>>
  create(const std::string& path) override;
  expected<file_kind> kind_of(const std::string& path) override;
  expected<std::vector<directory_entry>> list(const std::string& path) override;
  expected<void> make_directories(const std::string& path) override;
  expected<void> rename(const std::string& from,
                        const std::string& to) override;
  expected<bool> link(const std::string& from, const std::string& to) override;
  expected<bool> same_file(const std::string& a, const std::string& b) override;
  expected<bool> remove_file(const std::string& path) override;
  expected<bool> remove_empty_directory(const std::string& path) override;
  expected<std::unique_ptr<file_lock>> lock(const std::string& path) override;
  expected<void> sync_directory(const std::string& path) override;

private:
  /// A name in a directory that exists.
  struct place {
    disk_node_ptr directory;
    std::string name;

    [[nodiscard]] disk_node_ptr entry() const {
      const auto found = directory->entries.find(name);
      return found == directory->entries.end() ? nullptr : found->second;
    }
  };

  [[nodiscard]] disk_node_ptr node_of(const std::string& path) const {
    const auto parts = parts_of(path);
    return find(disk_.root_, parts, parts.size());
  }

  expected<place> place_of(const char* doing, const std::string& path) const {
    auto parts = parts_of(path);
    FLOW_ASSERT(!parts.empty(), "a path names something");
    auto directory = find(disk_.root_, parts, parts.size() - 1);
    if (!directory || directory->kind != file_kind::directory)
      return failure(doing, path, "No such file or directory",
                     error_code::not_found);
    return place{std::move(directory), std::move(parts.back())};
  }

  faulty_disk& disk_;
  const std::uint64_t generation_;
};

/// A dead process holds no lock.
expected<std::unique_ptr<file_lock>>
faulty_disk::mounted::lock(const std::string& path) {
  if (auto stopped = stopped_by("lock", path))
    return *stopped;
  struct held final : file_lock {
    held(std::map<std::string, std::uint64_t>& all, std::string mine,
         std::uint64_t by)
      : locks(all), path(std::move(mine)), generation(by) {}
    ~held() override {
      if (locks[path] == generation)
        locks.erase(path);
    }
    std::map<std::string, std::uint64_t>& locks;
    std::string path;
    std::uint64_t generation;
  };
  const auto [holder, is_new] = disk_.locks_.try_emplace(path, generation_);
  if (!is_new && holder->second == generation_)
    return std::unique_ptr<file_lock>{};
  holder->second = generation_;
  return std::unique_ptr<file_lock>{
    std::make_unique<held>(disk_.locks_, path, generation_)};
}

class faulty_disk::open_to_read final : public readable_file {
public:
  open_to_read(mounted& from, std::string path, disk_node_ptr node)
    : from_(from), path_(std::move(path)), node_(std::move(node)) {}

  expected<std::size_t> read_at(std::uint64_t offset, char* to,
                                std::size_t size) override {
    if (auto stopped = from_.stopped_by("read", path_))
      return *stopped;
    const auto& bytes = node_->bytes;
    if (offset >= bytes.size())
      return std::size_t{0};
    const auto count = std::min<std::size_t>(size, bytes.size() - offset);
    std::memcpy(to, bytes.data() + offset, count);
    return count;
  }

  expected<std::uint64_t> size() override {
    return std::uint64_t{node_->bytes.size()};
  }

private:
  mounted& from_;
  std::string path_;
  disk_node_ptr node_;
};

class faulty_disk::open_to_write final : public writable_file {
public:
  open_to_write(mounted& from, std::string path, disk_node_ptr node)
    : from_(from), path_(std::move(path)), node_(std::move(node)) {}

  /// A write that fails may have written a part.
  expected<void> append(std::string_view bytes) override {
    if (auto stopped = from_.stopped_by("write", path_, true)) {
      if (stopped->text.find("dead") == std::string::npos)
        node_->bytes.append(
          bytes.substr(0, from_.disk().plan_.below(bytes.size() + 1)));
      return *stopped;
    }
    node_->bytes.append(bytes);
    return {};
  }

  expected<void> sync() override {
    if (auto stopped = from_.stopped_by("write to the disk", path_))
      return *stopped;
    node_->synced_bytes = node_->bytes;
    return {};
  }

  expected<void> close() override {
    if (auto stopped = from_.stopped_by("close", path_))
      return *stopped;
    return {};
  }

private:
  mounted& from_;
  std::string path_;
  disk_node_ptr node_;
};

expected<std::unique_ptr<readable_file>>
faulty_disk::mounted::open(const std::string& path) {
  if (auto stopped = stopped_by("open", path))
    return *stopped;
  auto node = node_of(path);
  if (!node)
    return failure("open", path, "No such file or directory",
                   error_code::not_found);
  if (node->kind == file_kind::directory)
    return failure("open", path, "Is a directory");
  return std::unique_ptr<readable_file>{
    std::make_unique<open_to_read>(*this, path, std::move(node))};
}

expected<std::unique_ptr<writable_file>>
faulty_disk::mounted::create(const std::string& path) {
  if (auto stopped = stopped_by("create", path, true))
    return *stopped;
  auto where = place_of("create", path);
  if (!where)
    return where.error();
  if (where->entry())
    return failure("create", path, "File exists");
  auto node = new_node(file_kind::regular);
  change_entry(*where->directory, where->name, node);
  return std::unique_ptr<writable_file>{
    std::make_unique<open_to_write>(*this, path, std::move(node))};
}

expected<file_kind> faulty_disk::mounted::kind_of(const std::string& path) {
  if (auto stopped = stopped_by("look at", path))
    return *stopped;
  const auto node = node_of(path);
  return node ? node->kind : file_kind::none;
}

expected<std::vector<directory_entry>>
faulty_disk::mounted::list(const std::string& path) {
  if (auto stopped = stopped_by("list", path))
    return *stopped;
  const auto node = node_of(path);
  if (!node || node->kind != file_kind::directory)
    return failure("list", path, "No such file or directory",
                   error_code::not_found);
  std::vector<directory_entry> found;
  for (const auto& [name, entry] : node->entries)
    found.push_back({name, entry->kind});
  return found;
}

expected<void> faulty_disk::mounted::make_directories(const std::string& path) {
  if (auto stopped = stopped_by("create the directory", path, true))
    return *stopped;
  auto at = disk_.root_;
  for (const auto& part : parts_of(path)) {
    auto& entries = at->entries;
    if (!entries.contains(part)) {
      entries[part] = new_node(file_kind::directory);
      // Which the real one does, too, so that the directory lasts.
      at->synced_entries = entries;
      at->unsynced.clear();
    }
    at = entries.at(part);
    if (at->kind != file_kind::directory)
      return failure("create the directory", path, "Not a directory");
  }
  return {};
}

expected<void> faulty_disk::mounted::rename(const std::string& from,
                                            const std::string& to) {
  if (auto stopped = stopped_by("rename", from))
    return *stopped;
  auto source = place_of("rename", from);
  auto target = place_of("rename", to);
  if (!source || !target)
    return source ? target.error() : source.error();
  auto entry = source->entry();
  if (!entry)
    return failure("rename", from, "No such file or directory",
                   error_code::not_found);
  change_entry(*target->directory, target->name, entry);
  change_entry(*source->directory, source->name, nullptr);
  return {};
}

expected<bool> faulty_disk::mounted::link(const std::string& from,
                                          const std::string& to) {
  if (auto stopped = stopped_by("link", from))
    return *stopped;
  auto source = place_of("link", from);
  auto target = place_of("link", to);
  if (!source || !target)
    return source ? target.error() : source.error();
  if (!source->entry())
    return failure("link", from, "No such file or directory",
                   error_code::not_found);
  if (target->entry())
    return false;
  change_entry(*target->directory, target->name, source->entry());
  return true;
}

expected<bool> faulty_disk::mounted::same_file(const std::string& a,
                                               const std::string& b) {
  if (auto stopped = stopped_by("look at", a))
    return *stopped;
  const auto first = node_of(a);
  return first != nullptr && first == node_of(b);
}

expected<bool> faulty_disk::mounted::remove_file(const std::string& path) {
  if (auto stopped = stopped_by("remove", path))
    return *stopped;
  auto where = place_of("remove", path);
  if (!where || !where->entry())
    return false;
  if (where->entry()->kind == file_kind::directory)
    return failure("remove", path, "Is a directory");
  change_entry(*where->directory, where->name, nullptr);
  return true;
}

expected<bool>
faulty_disk::mounted::remove_empty_directory(const std::string& path) {
  if (auto stopped = stopped_by("remove the directory", path))
    return *stopped;
  auto where = place_of("remove the directory", path);
  if (!where || !where->entry() || !where->entry()->entries.empty())
    return false;
  change_entry(*where->directory, where->name, nullptr);
  return true;
}

expected<void> faulty_disk::mounted::sync_directory(const std::string& path) {
  if (auto stopped = stopped_by("write to the disk", path))
    return *stopped;
  const auto node = node_of(path);
  if (!node || node->kind != file_kind::directory)
    return failure("open", path, "No such file or directory",
                   error_code::not_found);
  node->synced_entries = node->entries;
  node->unsynced.clear();
  return {};
}

faulty_disk::faulty_disk(fault_plan& plan,
                         std::function<std::chrono::nanoseconds()> now,
                         std::function<void(std::chrono::milliseconds)> pass,
                         std::function<void()> die)
  : plan_(plan), now_(std::move(now)), pass_(std::move(pass)),
    die_(std::move(die)), root_(new_node(file_kind::directory)) {}

void faulty_disk::provide(const std::string& path) {
  auto at = root_;
  for (const auto& part : parts_of(path)) {
    auto& entry = at->entries[part];
    if (!entry)
      entry = new_node(file_kind::directory);
    at->synced_entries[part] = entry;
    at = entry;
  }
}

std::shared_ptr<file_system> faulty_disk::mount() {
  unmount();
  return std::make_shared<mounted>(*this);
}

void faulty_disk::crash() {
  unmount();
  forget(*root_, plan_);
}

std::map<std::string, std::string>
faulty_disk::files_below(const std::string& path) const {
  return files_of(root_, false, path);
}

std::map<std::string, std::string>
faulty_disk::synced_files_below(const std::string& path) const {
  return files_of(root_, true, path);
}

} // namespace flow::sim
