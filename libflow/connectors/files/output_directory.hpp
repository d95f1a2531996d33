#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/core/file_system.hpp"

namespace flow {

/// The folders of an output directory that a job may write.
inline constexpr std::string_view results_folder = "results";
inline constexpr std::string_view late_folder = "late";
inline constexpr std::string_view dead_letter_folder = "dead-letter";

/// What an output directory may hold before a job writes to it.
enum class output_mode {
  empty,     ///< nothing: it must be absent or empty
  overwrite, ///< what such a run wrote, which is removed; other files stay
  restore,   ///< what the run wrote that is now gone on with
};

/// Checks the directory, creates it with those above it, locks it, and removes
/// what `mode` allows. Once per run, before any part is begun; the lock is held
/// until the run has ended, so that no other one takes its files away.
/// Errors: invalid_argument with what to do when it is not empty or not a
/// directory; io when another run writes to it, and those of the file system.
expected<std::unique_ptr<file_lock>>
prepare_output_directory(file_system& files, const std::string& directory,
                         output_mode mode);

/// Removes the parts that nothing will commit any more; after a run that ended
/// well. Folders that do not exist are no error.
expected<void> remove_hidden_parts(file_system& files,
                                   const std::string& directory);

/// The directory as an absolute path without `.` and `..`: what a job that
/// writes there is known by, from wherever it is started.
std::string identity_of_directory(const std::string& directory);

/// Which part of a folder: `part-<subtask>-<number>.csv`.
struct part_id {
  std::uint32_t subtask = 0;
  std::uint64_t number = 0;

  friend bool operator==(const part_id&, const part_id&) = default;
};

/// The part's name once it is committed.
std::string part_name(const part_id& id);

/// The name before: `.part-<subtask>-<number>.csv.<tag>`.
std::string hidden_part_name(const part_id& id, std::string_view tag);

/// A name taken apart; nothing if it is none of a part.
struct parsed_part_name {
  part_id id;
  bool hidden = false;
  std::string tag; ///< of a hidden one
};
std::optional<parsed_part_name> parse_part_name(std::string_view name);

/// A number greater than those of all parts in the folder, committed or hidden;
/// 0 in a folder without parts. So numbers rise in the order of writing over
/// restarts, also when another subtask wrote a key's earlier rows, and commits
/// them only now.
expected<std::uint64_t> next_part_number(file_system& files,
                                         const std::string& folder);

/// Removes hidden parts of former attempts: those of another tag whose subtask
/// is `index` modulo `parallelism`, so that subtasks that are no more are
/// somebody's, too.
expected<void> remove_stale_parts(file_system& files, const std::string& folder,
                                  std::uint32_t index,
                                  std::uint32_t parallelism,
                                  std::string_view tag);

} // namespace flow
