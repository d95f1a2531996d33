#include "backends/filesystem/posix_file_system.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace flow {

namespace {

error failure(const char* doing, const std::string& path, int number) {
  auto text = std::string{"cannot "} + doing + " " + path + ": "
              + std::generic_category().message(number);
  auto code = number == ENOENT ? error_code::not_found : error_code::io;
  return {code, std::move(text), error_severity::retryable};
}

file_kind kind_of_mode(mode_t mode) {
  if (S_ISREG(mode))
    return file_kind::regular;
  return S_ISDIR(mode) ? file_kind::directory : file_kind::other;
}

/// The directory that holds the last name of the path.
std::string parent_of(const std::string& path) {
  const auto end = path.find_last_not_of('/');
  const auto slash = path.rfind('/', end);
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Calls `f` again while a signal interrupts it.
template <class F>
auto uninterrupted(F f) {
  auto result = f();
  while (result < 0 && errno == EINTR)
    result = f();
  return result;
}

/// Owns a descriptor.
class descriptor {
public:
  explicit descriptor(int number) noexcept : number_(number) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() { (void)close(); }

  [[nodiscard]] int get() const noexcept { return number_; }

  /// The result of ::close, 0 when closed before. Not repeated on EINTR: the
  /// descriptor is gone in any case.
  int close() noexcept {
    if (number_ < 0)
      return 0;
    auto result = ::close(number_);
    number_ = -1;
    return result;
  }

private:
  int number_;
};

class posix_readable_file final : public readable_file {
public:
  posix_readable_file(std::string path, int number)
    : path_(std::move(path)), file_(number) {}

  expected<std::size_t> read_at(std::uint64_t offset, char* to,
                                std::size_t size) override {
    std::size_t done = 0;
    while (done < size) {
      auto got = uninterrupted([&] {
        return ::pread(file_.get(), to + done, size - done,
                       static_cast<off_t>(offset + done));
      });
      if (got < 0)
        return failure("read", path_, errno);
      if (got == 0)
        break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  expected<std::uint64_t> size() override {
    struct stat facts = {};
    if (::fstat(file_.get(), &facts) != 0)
      return failure("look at", path_, errno);
    return static_cast<std::uint64_t>(facts.st_size);
  }

private:
  std::string path_;
  descriptor file_;
};

class posix_writable_file : public writable_file {
public:
  posix_writable_file(std::string path, int number)
    : path_(std::move(path)), file_(number) {}

  expected<void> append(std::string_view bytes) override {
    while (!bytes.empty()) {
      auto put = uninterrupted(
        [&] { return ::write(file_.get(), bytes.data(), bytes.size()); });
      if (put < 0)
        return failure("write", path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return {};
  }

  expected<void> sync() override {
    if (uninterrupted([&] { return ::fsync(file_.get()); }) != 0)
      return failure("write to the disk", path_, errno);
    return {};
  }

  expected<void> close() override {
    if (file_.close() != 0 && errno != EINTR)
      return failure("close", path_, errno);
    return {};
  }

protected:
  [[nodiscard]] int number() const noexcept { return file_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
  std::string path_;
  descriptor file_;
};

/// A file that may become large goes to its disk in units, past the system's
/// cache: a page of that cache costs a processor more than the entries in it,
/// at a moment when records need the processor, and nobody reads the file soon.
/// What is shorter than a unit, and the end, goes through the cache, as does
/// all where the file system does not do it otherwise; the file is the same.
class posix_large_file final : public posix_writable_file {
public:
  using posix_writable_file::posix_writable_file;

  expected<void> append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const std::size_t count = std::min(bytes.size(), unit - waiting_);
      std::memcpy(buffer_.get() + waiting_, bytes.data(), count);
      waiting_ += count;
      bytes.remove_prefix(count);
      if (waiting_ == unit)
        if (auto done = put_unit(); !done)
          return done;
    }
    return {};
  }

  expected<void> sync() override {
    auto done = put_end();
    return done ? posix_writable_file::sync() : done;
  }

  expected<void> close() override {
    auto done = put_end();
    return done ? posix_writable_file::close() : done;
  }

private:
  /// A disk is at its full speed with this much at a time.
  static constexpr std::size_t unit = std::size_t{1} << 20;
  /// What any disk asks of addresses, offsets and lengths.
  static constexpr std::size_t alignment = 4096;

  struct give_back {
    void operator()(char* buffer) const noexcept {
      ::operator delete (buffer, std::align_val_t{alignment});
    }
  };

  expected<void> put_unit() {
    std::string_view bytes{buffer_.get(), std::exchange(waiting_, 0)};
    if (aligned_ && !direct_)
      set_direct(true);
    if (direct_) {
      auto put = uninterrupted(
        [&] { return ::write(number(), bytes.data(), bytes.size()); });
      if (put < 0 && errno != EINVAL)
        return failure("write", path(), errno);
      bytes.remove_prefix(static_cast<std::size_t>(std::max(put, ssize_t{0})));
      if (bytes.empty())
        return {};
      leave_direct(); // not taken so, or in part
    }
    return posix_writable_file::append(bytes);
  }

  expected<void> put_end() {
    if (waiting_ == 0)
      return {};
    leave_direct();
    return posix_writable_file::append(
      {buffer_.get(), std::exchange(waiting_, 0)});
  }

  /// For good: what follows is at no multiple of a unit.
  void leave_direct() {
    aligned_ = false;
    if (direct_)
      set_direct(false);
  }

  void set_direct(bool on) {
    const int flags = ::fcntl(number(), F_GETFL);
    const int wanted = on ? flags | O_DIRECT : flags & ~O_DIRECT;
    const bool done = flags >= 0 && ::fcntl(number(), F_SETFL, wanted) == 0;
    direct_ = on ? done : direct_ && !done;
    aligned_ = aligned_ && done;
  }

  std::unique_ptr<char[], give_back> buffer_{
    static_cast<char*>(::operator new (unit, std::align_val_t{alignment}))};
  std::size_t waiting_ = 0; // bytes in the buffer
  bool aligned_ = true;     // what follows may go past the cache
  bool direct_ = false;     // and does
};

class posix_file_lock final : public file_lock {
public:
  explicit posix_file_lock(int number) : file_(number) {}

private:
  descriptor file_; // closing it frees the lock
};

template <class File>
expected<std::unique_ptr<writable_file>> create_as(const std::string& path) {
  const int number = uninterrupted([&] {
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  });
  if (number < 0)
    return failure("create", path, errno);
  return std::unique_ptr<writable_file>{std::make_unique<File>(path, number)};
}

} // namespace

expected<std::unique_ptr<readable_file>>
posix_file_system::open(const std::string& path) {
  auto number =
    uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); });
  if (number < 0)
    return failure("open", path, errno);
  auto file = std::make_unique<posix_readable_file>(path, number);
  struct stat facts = {};
  if (::fstat(number, &facts) != 0)
    return failure("look at", path, errno);
  if (S_ISDIR(facts.st_mode))
    return failure("open", path, EISDIR);
  return std::unique_ptr<readable_file>{std::move(file)};
}

expected<std::unique_ptr<writable_file>>
posix_file_system::create(const std::string& path) {
  return create_as<posix_writable_file>(path);
}

expected<std::unique_ptr<writable_file>>
posix_file_system::create_large(const std::string& path) {
  return create_as<posix_large_file>(path);
}

expected<file_kind> posix_file_system::kind_of(const std::string& path) {
  struct stat facts = {};
  if (::stat(path.c_str(), &facts) == 0)
    return kind_of_mode(facts.st_mode);
  if (errno == ENOENT)
    return file_kind::none;
  return failure("look at", path, errno);
}

expected<std::vector<directory_entry>>
posix_file_system::list(const std::string& path) {
  struct closer {
    void operator()(DIR* open) const noexcept { ::closedir(open); }
  };
  std::unique_ptr<DIR, closer> directory{::opendir(path.c_str())};
  if (!directory)
    return failure("list", path, errno);
  std::vector<directory_entry> found;
  for (errno = 0; auto* entry = ::readdir(directory.get()); errno = 0) {
    std::string name = entry->d_name;
    if (name == "." || name == "..")
      continue;
    struct stat facts = {};
    if (::fstatat(::dirfd(directory.get()), entry->d_name, &facts,
                  AT_SYMLINK_NOFOLLOW)
        == 0)
      found.push_back({std::move(name), kind_of_mode(facts.st_mode)});
    else if (errno != ENOENT) // removed meanwhile: not there
      return failure("look at", path + "/" + name, errno);
  }
  if (errno != 0)
    return failure("list", path, errno);
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return found;
}

expected<void> posix_file_system::make_directories(const std::string& path) {
  for (std::size_t at = 0; at != std::string::npos;) {
    at = path.find('/', at + 1);
    auto part = path.substr(0, at);
    if (::mkdir(part.c_str(), 0777) == 0) {
      // What is written below and synced must not vanish with its directory.
      if (auto synced = sync_directory(parent_of(part)); !synced)
        return synced;
      continue;
    }
    auto number = errno;
    struct stat facts = {};
    // Whatever mkdir says of a directory that stands (read-only disk, no
    // permission above it), it stands.
    if (::stat(part.c_str(), &facts) == 0) {
      if (S_ISDIR(facts.st_mode))
        continue;
      number = ENOTDIR;
    }
    return failure("create the directory", part, number);
  }
  return {};
}

expected<void> posix_file_system::rename(const std::string& from,
                                         const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return failure("rename", from + " to " + to, errno);
  return {};
}

expected<bool> posix_file_system::link(const std::string& from,
                                       const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0)
    return true;
  if (errno == EEXIST)
    return false;
  return failure("link", from + " to " + to, errno);
}

expected<bool> posix_file_system::same_file(const std::string& a,
                                            const std::string& b) {
  struct stat first = {};
  struct stat second = {};
  for (auto [path, facts] : {std::pair{&a, &first}, std::pair{&b, &second}}) {
    if (::stat(path->c_str(), facts) == 0)
      continue;
    if (errno == ENOENT)
      return false;
    return failure("look at", *path, errno);
  }
  return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

expected<bool> posix_file_system::remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0)
    return true;
  if (errno == ENOENT)
    return false;
  return failure("remove", path, errno);
}

expected<bool>
posix_file_system::remove_empty_directory(const std::string& path) {
  if (::rmdir(path.c_str()) == 0)
    return true;
  if (errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST)
    return false;
  return failure("remove the directory", path, errno);
}

expected<std::unique_ptr<file_lock>>
posix_file_system::lock(const std::string& path) {
  auto number = uninterrupted(
    [&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666); });
  const bool directory = number < 0 && errno == EISDIR;
  if (directory)
    number = uninterrupted(
      [&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (number < 0)
    return failure("open", path, errno);
  auto lock = std::make_unique<posix_file_lock>(number);
  if (uninterrupted([&] { return ::flock(number, LOCK_EX | LOCK_NB); }) == 0)
    return std::unique_ptr<file_lock>{std::move(lock)};
  if (errno == EWOULDBLOCK)
    return std::unique_ptr<file_lock>{};
  // A network's file system may lock only what is open for writing.
  if (directory)
    return std::unique_ptr<file_lock>{std::move(lock)};
  return failure("lock", path, errno);
}

expected<void> posix_file_system::sync_directory(const std::string& path) {
  auto number = uninterrupted(
    [&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (number < 0)
    return failure("open", path, errno);
  descriptor directory{number};
  // Some file systems cannot sync a directory and say EINVAL; there is
  // nothing better to do then.
  if (::fsync(number) != 0 && errno != EINVAL)
    return failure("write to the disk", path, errno);
  return {};
}

std::shared_ptr<file_system> local_files() {
  return std::make_shared<posix_file_system>();
}

} // namespace flow
