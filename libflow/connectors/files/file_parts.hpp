#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libflow/checkpoint/two_phase_commit.hpp"
#include "libflow/connectors/csv/csv_writer.hpp"
#include "libflow/connectors/files/part_writer.hpp"
#include "libflow/core/file_system.hpp"
#include "libflow/functions/context.hpp"
#include "libflow/functions/snapshot_context.hpp"

namespace flow {

/// Where a file_sink writes.
struct file_sink_settings {
  std::shared_ptr<file_system> files;
  std::string folder; ///< `DIR/results`, `DIR/late` or `DIR/dead-letter`
  std::string header; ///< first line of each part, with its end
  std::uint64_t roll_bytes = std::uint64_t{128} << 20;
};

/// The parts of one subtask of a file_sink, from their first row to their
/// commit: all of the sink that does not depend on the type of its records.
/// Calls come in the order of sink_writer's.
/// Owner: a file_sink's writer. @thread the subtask's; blocks on files
class file_parts {
public:
  explicit file_parts(file_sink_settings settings);
  ~file_parts();
  file_parts(const file_parts&) = delete;
  file_parts& operator=(const file_parts&) = delete;

  expected<void> open(runtime_context& context);

  /// Takes rows; whoever has put one there calls `row_written`.
  [[nodiscard]] csv_writer& rows() noexcept { return rows_; }

  /// Writes the rows to the part at hand when there are enough of them.
  expected<void> row_written() {
    return rows_.bytes().size() >= buffer_bytes ? write_rows()
                                                : expected<void>{};
  }

  expected<writer_snapshot> snapshot(const snapshot_context& context);
  expected<void> restore(std::span<const std::vector<std::byte>> entries);
  expected<void> checkpoint_completed(std::uint64_t id);
  void close();

private:
  static constexpr std::size_t buffer_bytes = std::size_t{64} << 10;

  expected<void> write_rows();

  file_sink_settings settings_;
  std::optional<part_writer> parts_; // none before open
  two_phase_commit<pending_part> commits_;
  std::shared_ptr<undurable_parts> undurable_;
  csv_writer rows_;
  std::uint32_t index_ = 0;
  std::uint32_t parallelism_ = 1;
  std::string tag_;
  bool cleaned_ = false;
};

} // namespace flow
