#pragma once

#include <memory>
#include <string>

#include "libflow/checkpoint/checkpoint_storage.hpp"
#include "libflow/core/checkpoint_options.hpp"
#include "libflow/core/file_system.hpp"

namespace flow {

/// The storage that the options ask for. Any number may be made for one job, in
/// any process.
/// @param folder of the job's checkpoints; not used by the memory backend
[[nodiscard]] std::shared_ptr<checkpoint_storage>
make_checkpoint_storage(const checkpoint_options& options,
                        std::shared_ptr<file_system> files,
                        const std::string& folder);

} // namespace flow
