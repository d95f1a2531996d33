#include "backends/factory/backend_factory.hpp"

#include "backends/filesystem/filesystem_storage.hpp"
#include "backends/memory/memory_storage.hpp"

namespace flow {

std::shared_ptr<checkpoint_storage>
make_checkpoint_storage(const checkpoint_options& options,
                        std::shared_ptr<file_system> files,
                        const std::string& folder) {
  switch (options.backend_kind()) {
  case state_backend_kind::memory:
    return std::make_shared<memory_storage>(std::move(files));
  case state_backend_kind::filesystem:
    return std::make_shared<filesystem_storage>(std::move(files), folder);
  case state_backend_kind::leveldb:
    break; // refused when the options were read
  }
  FLOW_ASSERT(false, "a backend that is not built");
}

} // namespace flow
