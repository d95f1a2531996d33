#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "libflow/core/file_system.hpp"

namespace flow::test {

/// Passes everything on to other files, but for one operation that changes
/// something: that one fails, and with `dies` all after it, as if the process
/// had been killed there.
class failing_file_system final : public file_system {
public:
  explicit failing_file_system(std::shared_ptr<file_system> inner)
    : inner_(std::move(inner)) {}

  /// Counts from 0 over all operations that change something.
  void fail_at(std::size_t operation, bool dies, std::string why) {
    fails_at_ = operation;
    dies_ = dies;
    why_ = std::move(why);
    count_ = 0;
  }
  void work_again() { fails_at_ = never; }
  /// What somebody else does right before the next `list`.
  void before_list(std::function<void()> what) {
    before_list_ = std::move(what);
  }
  [[nodiscard]] std::size_t operations() const noexcept { return count_; }

  expected<std::unique_ptr<readable_file>>
  open(const std::string& path) override {
    return inner_->open(path);
  }
  expected<std::unique_ptr<writable_file>>
  create(const std::string& path) override {
    if (auto bad = trouble("create", path))
      return *bad;
    auto file = inner_->create(path);
    if (!file)
      return file.error();
    return std::unique_ptr<writable_file>{
      std::make_unique<writer>(*this, path, std::move(*file))};
  }
  expected<file_kind> kind_of(const std::string& path) override {
    return inner_->kind_of(path);
  }
  expected<std::vector<directory_entry>>
  list(const std::string& path) override {
    if (auto what = std::exchange(before_list_, nullptr))
      what();
    return inner_->list(path);
  }
  expected<void> make_directories(const std::string& path) override {
    if (auto bad = trouble("create the directory", path))
      return *bad;
    return inner_->make_directories(path);
  }
  expected<void> rename(const std::string& from,
                        const std::string& to) override {
    if (auto bad = trouble("rename", from))
      return *bad;
    return inner_->rename(from, to);
  }
  expected<bool> link(const std::string& from, const std::string& to) override {
    if (auto bad = trouble("link", from))
      return *bad;
    return inner_->link(from, to);
  }
  expected<bool> same_file(const std::string& a,
                           const std::string& b) override {
    return inner_->same_file(a, b);
  }
  expected<bool> remove_file(const std::string& path) override {
    if (auto bad = trouble("remove", path))
      return *bad;
    return inner_->remove_file(path);
  }
  expected<bool> remove_empty_directory(const std::string& path) override {
    if (auto bad = trouble("remove the directory", path))
      return *bad;
    return inner_->remove_empty_directory(path);
  }
  expected<std::unique_ptr<file_lock>> lock(const std::string& path) override {
    return inner_->lock(path);
  }
  expected<void> sync_directory(const std::string& path) override {
    if (auto bad = trouble("write to the disk", path))
      return *bad;
    return inner_->sync_directory(path);
  }

private:
  static constexpr std::size_t never = static_cast<std::size_t>(-1);

  class writer final : public writable_file {
  public:
    writer(failing_file_system& owner, std::string path,
           std::unique_ptr<writable_file> inner)
      : owner_(owner), path_(std::move(path)), inner_(std::move(inner)) {}

    /// Half of it arrives before the failure.
    expected<void> append(std::string_view bytes) override {
      if (auto bad = owner_.trouble("write", path_)) {
        (void)inner_->append(bytes.substr(0, bytes.size() / 2));
        return *bad;
      }
      return inner_->append(bytes);
    }
    expected<void> sync() override {
      if (auto bad = owner_.trouble("write to the disk", path_))
        return *bad;
      return inner_->sync();
    }
    expected<void> close() override {
      if (auto bad = owner_.trouble("close", path_))
        return *bad;
      return inner_->close();
    }

  private:
    failing_file_system& owner_;
    std::string path_;
    std::unique_ptr<writable_file> inner_;
  };

  std::optional<error> trouble(const char* doing, const std::string& path) {
    const std::size_t now = count_++;
    if (now < fails_at_ || (now > fails_at_ && !dies_))
      return std::nullopt;
    return error{error_code::io,
                 std::string{"cannot "} + doing + " " + path + ": " + why_};
  }

  std::shared_ptr<file_system> inner_;
  std::size_t fails_at_ = never;
  bool dies_ = false;
  std::string why_;
  std::size_t count_ = 0;
  std::function<void()> before_list_;
};

} // namespace flow::test
