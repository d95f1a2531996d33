#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "libflow/connectors/files/output_directory.hpp"
#include "libflow/core/executor.hpp"
#include "libflow/core/file_system.hpp"
#include "libflow/flow.hpp"
#include "test/sim/numbers.hpp"
#include "test/sim/second_branch.hpp"

namespace flow::sim {

/// Where the second branch goes.
enum class sink_kind : std::uint8_t { files, transactions, batches };
inline constexpr std::size_t sink_kinds = 3;

/// What the job finds around it.
struct sim_surroundings {
  std::shared_ptr<file_system> files;
  std::shared_ptr<executor> answerer;            ///< for asynchronous operators
  std::shared_ptr<const sink<branch_row>> store; ///< null: files
};

/// The job of the simulation: numbers per key, counted along by keyed state
/// and, in event time, by a branch of many kinds; written to files, or the
/// second to a store.
///
///     numbers --key--> count along --> results/         key,seq,attempt
///        `-----------> branch -------> late/ or store   key,id,value
///
/// With two regions the branch has numbers of its own, and each half starts
/// again without the other.
struct sim_job {
  numbers_settings numbers;
  branch second = branch::tumbling;
  sink_kind second_sink = sink_kind::files;
  bool two_regions = false;
  bool at_least_once = false; ///< what the job's checkpoints are
  /// State of each key beside its count: much of it makes files of states,
  /// which are part of the metadata else.
  std::size_t ballast_bytes = 0;
};

inline constexpr std::string_view sim_output = "/out";
/// One of the folders that an output directory is known to have.
inline constexpr std::string_view second_folder = late_folder;

/// @pre the options have a job name
[[nodiscard]] std::shared_ptr<const job_graph>
sim_graph(const sim_job& job, const job_options& options,
          const sim_surroundings& around);

} // namespace flow::sim
