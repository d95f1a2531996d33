#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libflow/core/file_system.hpp"
#include "test/sim/fault_plan.hpp"

namespace flow::sim {

namespace detail {

struct disk_node;
using disk_node_ptr = std::shared_ptr<disk_node>;

/// A file or directory: as programs see it, and as a crash would leave it.
struct disk_node {
  file_kind kind = file_kind::regular;

  // of a file
  std::string bytes;
  std::string synced_bytes;

  // of a directory
  struct change {
    std::string name;
    disk_node_ptr entry; ///< null: the name goes away
  };
  std::map<std::string, disk_node_ptr> entries;
  std::map<std::string, disk_node_ptr> synced_entries;
  std::vector<change> unsynced; ///< in order
};

} // namespace detail

/// A disk that outlives the processes that use it. What was not synced may be
/// gone after a crash: of a file everything behind its last sync or a part of
/// it, of a directory the latest creations, links, renames and removals.
/// @thread one
class faulty_disk {
public:
  /// @param pass  lets virtual time go on, for slow operations
  /// @param die  the process dies in the middle of an operation; has to call
  /// crash() or unmount()
  faulty_disk(fault_plan& plan, std::function<std::chrono::nanoseconds()> now,
              std::function<void(std::chrono::milliseconds)> pass,
              std::function<void()> die);

  /// A directory that is there, durable, before anything begins.
  void provide(const std::string& path);

  /// The files as a process sees them that starts now; only what a `mount` of
  /// the latest process does has any effect.
  [[nodiscard]] std::shared_ptr<file_system> mount();

  /// The machine loses power: the mount ends, unsynced things are forgotten.
  void crash();

  /// The process dies, the machine goes on: nothing is forgotten.
  void unmount() { ++generation_; }

  /// Whether nothing can be written for a while.
  [[nodiscard]] bool full() const { return now_() < full_until_; }

  /// For checkers: the contents of a file, or of all files below a path, as
  /// programs see them; no faults.
  [[nodiscard]] std::map<std::string, std::string>
  files_below(const std::string& path) const;

  /// The same, as a crash would leave them at the least.
  [[nodiscard]] std::map<std::string, std::string>
  synced_files_below(const std::string& path) const;

private:
  class mounted;
  class open_to_read;
  class open_to_write;

  fault_plan& plan_;
  std::function<std::chrono::nanoseconds()> now_;
  std::function<void(std::chrono::milliseconds)> pass_;
  std::function<void()> die_;
  detail::disk_node_ptr root_;
  std::uint64_t generation_ = 0;
  std::map<std::string, std::uint64_t> locks_; // by path: the generation
  std::chrono::nanoseconds full_until_{0};
};

} // namespace flow::sim
