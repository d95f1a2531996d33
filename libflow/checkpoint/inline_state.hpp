#pragma once

#include <string>
#include <vector>

#include "libflow/checkpoint/state_handle.hpp"
#include "libflow/core/crc32c.hpp"
#include "libflow/core/error.hpp"

namespace flow {

/// A handle that carries the state itself.
/// @param checksum  crc32c of the bytes
[[nodiscard]] inline state_handle inline_state(std::vector<std::byte> bytes,
                                               std::uint32_t checksum) {
  state_handle handle;
  handle.size = bytes.size();
  handle.checksum = checksum;
  handle.bytes = shared_bytes{std::move(bytes)};
  return handle;
}

/// Whether a state has as many bytes as the handle says; `where` is for the
/// error.
[[nodiscard]] inline expected<void> check_state_size(const std::string& where,
                                                     const state_handle& handle,
                                                     std::uint64_t size) {
  if (size == handle.size)
    return {};
  return error{error_code::corrupt_data,
               where + ": a state has " + std::to_string(size)
                 + " bytes, its checkpoint says " + std::to_string(handle.size),
               error_severity::fatal};
}

/// Whether `bytes` are what the handle promises; `where` is for the error.
[[nodiscard]] inline expected<void>
check_state(const std::string& where, const state_handle& handle,
            const std::vector<std::byte>& bytes) {
  if (auto checked = check_state_size(where, handle, bytes.size()); !checked)
    return checked;
  if (crc32c(bytes) != handle.checksum)
    return error{error_code::corrupt_data,
                 where + ": the checksum of a state does not match",
                 error_severity::fatal};
  return {};
}

/// The state within a handle, checked.
[[nodiscard]] inline expected<std::vector<std::byte>>
checked_inline_state(const std::string& where, const state_handle& handle) {
  auto bytes = handle.bytes.whole();
  if (auto checked = check_state(where, handle, bytes); !checked)
    return checked.error();
  return bytes;
}

} // namespace flow
