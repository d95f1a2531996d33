#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libflow/core/error.hpp"

namespace flow {

/// What a path names. Symbolic links are not followed when a directory is
/// listed, and are followed everywhere else.
enum class file_kind {
  none,      ///< nothing has this name
  regular,   ///< bytes of a known size
  directory, ///< a directory
  other,     ///< link, pipe, socket, device
};

/// One name in a directory.
struct directory_entry {
  std::string name;
  file_kind kind = file_kind::other;
};

/// An open file to read from; positions are the caller's.
/// Owner: whoever opened it; closes on destruction.
/// @thread one at a time
class readable_file {
public:
  virtual ~readable_file() = default;

  /// Reads up to `size` bytes at `offset`; fewer only at the end of the file,
  /// 0 past it.
  virtual expected<std::size_t> read_at(std::uint64_t offset, char* to,
                                        std::size_t size) = 0;

  /// The size now, in bytes.
  virtual expected<std::uint64_t> size() = 0;
};

/// A file being written from its start; whole calls succeed or fail.
/// Owner: whoever created it; closes on destruction without syncing. After an
/// error its contents are unknown and it has to be removed.
/// @thread one at a time
class writable_file {
public:
  virtual ~writable_file() = default;

  virtual expected<void> append(std::string_view bytes) = 0;

  /// Returns when the bytes are on stable storage.
  virtual expected<void> sync() = 0;

  /// Says what only closing finds out; nothing may be appended afterwards.
  virtual expected<void> close() = 0;
};

/// Keeps others out of something while it lives; the end of the process that
/// holds it frees it.
class file_lock {
public:
  virtual ~file_lock() = default;
};

/// The seam to the operating system's files: everything that touches a file
/// gets one, so that tests and the simulation can make it fail.
/// Owner: the composition root; outlives all that use it.
/// @thread any
/// Errors carry the operation, the path and the system's text; a missing path
/// has the code not_found, everything else io.
class file_system {
public:
  virtual ~file_system() = default;

  /// A directory is an error.
  virtual expected<std::unique_ptr<readable_file>>
  open(const std::string& path) = 0;

  /// Creates a file that must not exist yet.
  virtual expected<std::unique_ptr<writable_file>>
  create(const std::string& path) = 0;

  /// The same for what may become hundreds of megabytes. What append() took may
  /// be written, and fail, by a later call, be it sync() or close().
  virtual expected<std::unique_ptr<writable_file>>
  create_large(const std::string& path) {
    return create(path);
  }

  /// `none` when there is nothing; only a path that cannot be looked at is an
  /// error.
  virtual expected<file_kind> kind_of(const std::string& path) = 0;

  /// In the order of names, without "." and "..".
  virtual expected<std::vector<directory_entry>>
  list(const std::string& path) = 0;

  /// Creates the directory and those above it, durably; one that stands is no
  /// error.
  virtual expected<void> make_directories(const std::string& path) = 0;

  /// Replaces what `to` names.
  virtual expected<void> rename(const std::string& from,
                                const std::string& to) = 0;

  /// A second name for the same file. False, and nothing done, when `to`
  /// stands already.
  virtual expected<bool> link(const std::string& from,
                              const std::string& to) = 0;

  /// Whether both paths name one file; false when either does not exist.
  virtual expected<bool> same_file(const std::string& a,
                                   const std::string& b) = 0;

  /// False when there was nothing to remove.
  virtual expected<bool> remove_file(const std::string& path) = 0;

  /// False when it is not there or not empty.
  virtual expected<bool> remove_empty_directory(const std::string& path) = 0;

  /// Takes a lock on the file, which is created if need be and stays, or on a
  /// directory; null when somebody else, also in this process, holds it. Where
  /// directories cannot be locked, everybody gets theirs.
  virtual expected<std::unique_ptr<file_lock>>
  lock(const std::string& path) = 0;

  /// Makes creations, links and removals in the directory durable.
  virtual expected<void> sync_directory(const std::string& path) = 0;
};

/// The files of this machine. Defined by the runtime, which a job links; code
/// under libflow/ gets its file system from its caller.
[[nodiscard]] std::shared_ptr<file_system> local_files();

} // namespace flow
