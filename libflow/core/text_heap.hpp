#pragma once

#include <cstddef>

namespace flow::detail {

/// Memory for the bytes of long texts that own them: many, small, of few sizes,
/// made and dropped at the rate of records.
///
/// Up to 512 bytes come from size classes of 16 bytes. Each thread has free
/// blocks of its own; what one thread frees and another needs goes between them
/// in chains of 256 blocks, so that neither grows without end. Memory of these
/// classes is reused and never given back: a process holds what its texts of
/// each class took at most. Larger ones come from the system.
///
/// Under AddressSanitizer all come from the system.
/// @thread any

/// @return bytes without alignment
[[nodiscard]] char* take_text_bytes(std::size_t bytes);

/// @param bytes  as they were asked for
void give_text_bytes(char* block, std::size_t bytes) noexcept;

} // namespace flow::detail
