#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libflow/core/file_system.hpp"

namespace flow::test {

/// Files in memory, with a disk that can be full. For tests, one thread.
class memory_file_system final : public file_system {
public:
  using bytes = std::shared_ptr<std::string>;

  std::map<std::string, bytes> files;
  std::set<std::string> directories;
  std::set<std::string> locks;
  std::size_t free_bytes = std::numeric_limits<std::size_t>::max();
  bool sync_fails = false;
  std::size_t reads_left = std::numeric_limits<std::size_t>::max();

  void put(const std::string& path, std::string text) {
    files[path] = std::make_shared<std::string>(std::move(text));
  }

  static error failure(const std::string& what) {
    return {error_code::io, what, error_severity::retryable};
  }

  expected<std::unique_ptr<readable_file>>
  open(const std::string& path) override {
    auto found = files.find(path);
    if (found == files.end())
      return error{error_code::not_found, "cannot open " + path,
                   error_severity::retryable};
    return std::unique_ptr<readable_file>{
      std::make_unique<reader>(*this, found->second)};
  }

  expected<std::unique_ptr<writable_file>>
  create(const std::string& path) override {
    if (files.contains(path))
      return failure("cannot create " + path + ": File exists");
    put(path, "");
    return std::unique_ptr<writable_file>{
      std::make_unique<writer>(*this, path, files[path])};
  }

  expected<file_kind> kind_of(const std::string& path) override {
    if (directories.contains(path))
      return file_kind::directory;
    return files.contains(path) ? file_kind::regular : file_kind::none;
  }

  expected<std::vector<directory_entry>>
  list(const std::string& path) override {
    std::vector<directory_entry> found;
    auto add = [&](const std::string& full, file_kind kind) {
      auto prefix = path + "/";
      if (full.starts_with(prefix)
          && full.find('/', prefix.size()) == std::string::npos)
        found.push_back({full.substr(prefix.size()), kind});
    };
    for (const auto& file : files)
      add(file.first, file_kind::regular);
    for (const auto& directory : directories)
      add(directory, file_kind::directory);
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return found;
  }

  expected<void> make_directories(const std::string& path) override {
    for (std::size_t at = 0; at != std::string::npos;) {
      at = path.find('/', at + 1);
      directories.insert(path.substr(0, at));
    }
    return {};
  }

  expected<void> rename(const std::string& from,
                        const std::string& to) override {
    auto node = files.extract(from);
    if (node.empty())
      return failure("cannot rename " + from);
    files[to] = node.mapped();
    return {};
  }

  expected<bool> link(const std::string& from, const std::string& to) override {
    if (!files.contains(from))
      return error{error_code::not_found, "cannot link " + from,
                   error_severity::retryable};
    return files.emplace(to, files[from]).second;
  }

  expected<bool> same_file(const std::string& a,
                           const std::string& b) override {
    return files.contains(a) && files.contains(b) && files[a] == files[b];
  }

  expected<bool> remove_file(const std::string& path) override {
    return files.erase(path) == 1;
  }

  expected<bool> remove_empty_directory(const std::string& path) override {
    auto inside = list(path);
    return inside->empty() && directories.erase(path) == 1;
  }

  expected<std::unique_ptr<file_lock>> lock(const std::string& path) override {
    struct held final : file_lock {
      held(std::set<std::string>& all, std::string mine)
        : locks(all), path(std::move(mine)) {}
      ~held() override { locks.erase(path); }
      std::set<std::string>& locks;
      std::string path;
    };
    if (!locks.insert(path).second)
      return std::unique_ptr<file_lock>{};
    return std::unique_ptr<file_lock>{std::make_unique<held>(locks, path)};
  }

  expected<void> sync_directory(const std::string&) override { return {}; }

private:
  class reader final : public readable_file {
  public:
    reader(memory_file_system& owner, bytes text)
      : owner_(owner), text_(std::move(text)) {}

    expected<std::size_t> read_at(std::uint64_t offset, char* to,
                                  std::size_t size) override {
      if (owner_.reads_left == 0)
        return failure("cannot read: Input/output error");
      --owner_.reads_left;
      if (offset >= text_->size())
        return std::size_t{0};
      auto count = std::min<std::size_t>(size, text_->size() - offset);
      std::memcpy(to, text_->data() + offset, count);
      return count;
    }

    expected<std::uint64_t> size() override {
      return std::uint64_t{text_->size()};
    }

  private:
    memory_file_system& owner_;
    bytes text_;
  };

  class writer final : public writable_file {
  public:
    writer(memory_file_system& owner, std::string path, bytes text)
      : owner_(owner), path_(std::move(path)), text_(std::move(text)) {}

    expected<void> append(std::string_view more) override {
      auto count = std::min(more.size(), owner_.free_bytes);
      owner_.free_bytes -= count;
      text_->append(more.substr(0, count));
      if (count < more.size())
        return failure("cannot write " + path_ + ": No space left on device");
      return {};
    }

    expected<void> sync() override {
      if (owner_.sync_fails)
        return failure("cannot write to the disk " + path_
                       + ": Input/output error");
      return {};
    }

    expected<void> close() override { return {}; }

  private:
    memory_file_system& owner_;
    std::string path_;
    bytes text_;
  };
};

} // namespace flow::test
