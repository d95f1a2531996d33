#include "libflow/core/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace flow {

void invariant_failed(const char* file, int line, const char* condition,
                      std::string_view facts) noexcept {
  std::fprintf(stderr, "%s:%d: broken invariant: %s (%.*s)\n", file, line,
               condition, static_cast<int>(facts.size()), facts.data());
  std::abort();
}

} // namespace flow
