#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libflow/connectors/files/output_directory.hpp"
#include "libflow/core/error.hpp"
#include "libflow/core/file_system.hpp"

namespace flow {

/// A part that is written and on stable storage, and not visible yet: what a
/// checkpoint holds of it. Whoever has it can commit it, also in another
/// process and more than once.
struct pending_part {
  std::string folder;
  std::string hidden_name;
  part_id id;

  friend bool operator==(const pending_part&, const pending_part&) = default;
};

/// Makes the part visible by a second name and takes the hidden one away,
/// never replacing a file. Committing what is committed is no error; a part of
/// that name with other contents is one (corrupt_data).
expected<void> commit_part(file_system& files, const pending_part& part);

/// Removes a part that will not be committed; one that is gone is no error.
expected<void> abort_part(file_system& files, const pending_part& part);

/// Where a part_writer writes.
struct part_settings {
  std::string folder; ///< exists
  std::uint32_t subtask = 0;
  /// Tells hidden parts of attempts and runs apart; no slash.
  std::string tag = "0";
  std::string header; ///< first line of each part, with its end
  std::uint64_t first_number = 0;
  /// A part is ended when it holds so many bytes.
  std::uint64_t roll_bytes = std::uint64_t{128} << 20;
};

/// Parts that were ended and may not be on stable storage yet.
/// Owner: whoever makes them durable; movable to another thread.
class sealed_parts {
public:
  sealed_parts(file_system& files, std::string folder,
               std::vector<pending_part> all,
               std::unique_ptr<writable_file> last)
    : parts(std::move(all)), files_(&files), folder_(std::move(folder)),
      last_(std::move(last)) {}

  /// Returns once contents and names are on stable storage. @thread any
  expected<void> make_durable();

  std::vector<pending_part> parts; ///< in the order of writing

private:
  file_system* files_; // not owned
  std::string folder_;
  std::unique_ptr<writable_file> last_; // the last part's, if it is open
};

/// Sealed parts that wait for the disk. Whoever syncs waits for all of them, so
/// that no checkpoint counts before everything that it commits is durable, also
/// what an earlier one that was given up had sealed.
/// @thread any
class undurable_parts {
public:
  void add(sealed_parts parts);
  expected<void> sync();

private:
  std::mutex mutex_;
  std::deque<sealed_parts> waiting_; // of mutex_
};

/// Writes one subtask's rows into the parts of one folder, in two phases:
/// begun parts are hidden, seal() makes them complete, commit_part() (now
/// or when a checkpoint is complete) makes them visible. A part is begun by the
/// first row: without rows there is none. After an error only abort() is left.
/// Owner: one sink subtask. Its end leaves a begun part as it is, hidden.
/// @thread its owner's; blocks on the file
class part_writer {
public:
  part_writer(file_system& files, part_settings settings)
    : files_(files), settings_(std::move(settings)),
      next_number_(settings_.first_number) {}

  /// Appends whole rows with their ends to the part at hand; goes on with the
  /// next one when it is full.
  expected<void> write(std::string_view rows);

  /// Ends the part at hand without waiting for the disk: what has been written
  /// since the last call, and how to make it durable.
  sealed_parts seal();

  /// Seals, and waits for the disk. What is to be committed since the last
  /// call, in the order of writing.
  expected<std::vector<pending_part>> pre_commit();

  /// Removes what was written since the last seal() or pre_commit().
  expected<void> abort();

  /// Number of the next part, for a snapshot.
  [[nodiscard]] std::uint64_t next_number() const noexcept {
    return next_number_;
  }

private:
  expected<void> begin();
  expected<void> end();

  file_system& files_;
  part_settings settings_;
  std::uint64_t next_number_;
  std::unique_ptr<writable_file> file_; ///< none between parts
  pending_part open_;
  std::uint64_t open_bytes_ = 0;
  std::vector<pending_part> ended_;
};

} // namespace flow
