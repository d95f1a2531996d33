#pragma once

#include <string>
#include <vector>

#include "libflow/checkpoint/checkpoint_storage.hpp"
#include "libflow/core/file_system.hpp"

namespace flow {

/// A checkpoint as a directory, as FORMAT.md describes it.

/// The file whose presence makes the directory a checkpoint.
[[nodiscard]] std::string metadata_path(const std::string& directory);

/// The checkpoint in a directory, wherever it lies; durable from now on.
/// Errors: not_found where there is none, corrupt_data with path and place.
[[nodiscard]] expected<stored_checkpoint>
load_checkpoint(file_system& files, const std::string& directory);

/// The state of a handle, from within it or from the checkpoint's directory,
/// checked.
[[nodiscard]] expected<std::vector<std::byte>>
read_stored_state(file_system& files, const std::string& directory,
                  const state_handle& handle);

} // namespace flow
