#pragma once

#include <cstddef>

namespace flow {

/// Gives the pages of memory that is about to be freed back to the system,
/// piece by piece. Freed at once, hundreds of megabytes can keep all other
/// threads that want memory waiting. What was there is lost.
/// @thread the owner's of the memory
void release_pages(std::byte* begin, std::size_t bytes) noexcept;

/// Asks for pages of 2 MiB where memory of many megabytes is about to be filled
/// once, front to back: it costs the system far fewer faults. A page that is
/// made stalls who touches it first for some 100 us: not for memory that a
/// subtask touches.
void prefer_large_pages(std::byte* begin, std::size_t bytes) noexcept;

} // namespace flow
