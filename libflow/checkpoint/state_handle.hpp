#pragma once

#include <cstdint>
#include <string>

#include "libflow/core/shared_bytes.hpp"

namespace flow {

/// Where the bytes of one subtask's state lie. A value; crosses processes and
/// stands in metadata. Copies share the bytes.
struct state_handle {
  shared_bytes bytes;         ///< the state itself, where `file` is empty
  std::string file;           ///< name within the checkpoint's folder
  std::uint64_t size = 0;     ///< of the state
  std::uint32_t checksum = 0; ///< CRC-32C of the state

  friend bool operator==(const state_handle&, const state_handle&) = default;
};

} // namespace flow
