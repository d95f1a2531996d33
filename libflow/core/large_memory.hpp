#pragma once

#include <cstddef>

namespace flow {

/// Gives the pages of memory that is about to be freed back to the system,
/// piece by piece. Freed at once, hundreds of megabytes can keep all other
/// threads that want memory waiting. What was there is lost.
/// @thread the owner's of the memory
void release_pages(std::byte* begin, std::size_t bytes) noexcept;

} // namespace flow
