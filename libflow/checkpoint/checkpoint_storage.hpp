#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libflow/checkpoint/checkpoint_metadata.hpp"
#include "libflow/core/error.hpp"

namespace flow {

/// The state of one subtask on its way to where checkpoints lie.
/// Owner: whoever writes it. Its end without `finish` leaves nothing that
/// anybody would take for state.
/// @thread one at a time
class state_output {
public:
  virtual ~state_output() = default;

  virtual expected<void> append(std::span<const std::byte> bytes) = 0;

  /// All was appended: returns once it is durable. Nothing may follow.
  /// @param checksum  crc32c of all of it, by whom made the bytes
  virtual expected<state_handle> finish(std::uint32_t checksum) = 0;
};

/// A checkpoint that can be restored.
struct stored_checkpoint {
  std::shared_ptr<const checkpoint_metadata> metadata; ///< never null
  std::string location; ///< what `--restore` takes, and `read` needs
};

/// Where the checkpoints of one job lie: what a state backend does with bytes.
/// Owner: the process of the job, or of a worker. Processes that write states
/// for one job have one each, over the same place.
/// @thread any; calls block. Errors carry the path.
class checkpoint_storage {
public:
  virtual ~checkpoint_storage() = default;

  /// For people: "memory", "files in /x/y".
  [[nodiscard]] virtual std::string describe() const = 0;

  // -- states -----------------------------------------------------------------

  /// @param name tells the parts of a checkpoint apart; carries the attempt, so
  /// that what a former one still writes is never mistaken
  virtual expected<std::unique_ptr<state_output>>
  begin_state(std::uint64_t checkpoint_id, const std::string& name) = 0;

  /// The whole state, checked against size and checksum.
  /// @param location of the checkpoint that the handle is of
  virtual expected<std::vector<std::byte>>
  read_state(const std::string& location, const state_handle& handle) = 0;

  // -- checkpoints ------------------------------------------------------------

  /// Makes the checkpoint durable and visible, in this order; after an error or
  /// a crash it is either whole or not there. Returns its location.
  virtual expected<std::string>
  publish(std::shared_ptr<const checkpoint_metadata> metadata) = 0;

  /// Ids of the published ones, rising.
  virtual expected<std::vector<std::uint64_t>> published() = 0;

  /// Ids of all that were begun and not discarded, published or not, rising.
  virtual expected<std::vector<std::uint64_t>> begun() = 0;

  /// Reads and checks the metadata of a published one.
  virtual expected<stored_checkpoint> load(std::uint64_t checkpoint_id) = 0;

  /// Removes a checkpoint, published or not, and what was written for it. One
  /// that is not there is no error.
  virtual expected<void> discard(std::uint64_t checkpoint_id) = 0;
};

} // namespace flow
