#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "libflow/core/error.hpp"

namespace flow {

/// A place for one subtask of every operator of a sharing group.
struct slot_ref {
  std::uint32_t worker = 0; ///< number of the worker process
  std::uint32_t slot = 0;   ///< number within the worker

  friend auto operator<=>(const slot_ref&, const slot_ref&) = default;
};

/// What one chain of operators asks for.
struct slot_request {
  std::string sharing_group; ///< chains of one group share slots
  std::uint32_t parallelism = 1;
};

/// A slot for every subtask: `[request][subtask]`.
using slot_assignment = std::vector<std::vector<slot_ref>>;

/// How many slots the requests need: per group the highest parallelism. An
/// embedded cluster without `taskmanager.numberOfTaskSlots` offers as many.
[[nodiscard]] std::size_t
slots_needed(const std::vector<slot_request>& requests);

/// The slots that workers offer and jobs hold. Owner: the resource manager.
/// The same calls give the same assignment: groups take slots in the order of
/// their first request, going round the workers, so that subtask i of every
/// chain of a group is in the same slot and load is spread over workers.
/// @thread the owner's alone
class slot_pool {
public:
  /// @pre the worker is not known
  void add_worker(std::uint32_t worker, std::uint32_t slot_count);

  /// Its slots are gone, whoever held them. Unknown: no effect.
  void remove_worker(std::uint32_t worker);

  /// Takes slots for all requests, or none: too few free ones is an error that
  /// says how many are needed and what to set.
  expected<slot_assignment> allocate(const std::vector<slot_request>& requests);

  /// Slots of workers that are gone are passed over.
  void release(const slot_assignment& assignment);

  [[nodiscard]] std::size_t free_count() const noexcept;
  [[nodiscard]] std::size_t total_count() const noexcept {
    return slots_.size();
  }

private:
  struct entry {
    slot_ref ref;
    bool taken = false;
  };

  std::vector<entry> slots_; // by slot number, then worker
};

} // namespace flow
