#include "libflow/functions/source.hpp"

#include <utility>

namespace flow {

source_context::source_context(const place& where, side_outputs& sides,
                               std::function<void()> request_split,
                               std::function<void()> waker)
  : runtime_context(where), sides_(&sides),
    request_split_(std::move(request_split)), waker_(std::move(waker)) {}

} // namespace flow
