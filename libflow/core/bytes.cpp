#include "libflow/core/bytes.hpp"

#include <algorithm>

namespace flow {

void byte_writer::grow(std::size_t count) {
  constexpr std::size_t min_growth = 256;
  const auto used = size();
  const auto* former = begin_;
  // Capacity that the vector already has is taken at once.
  const auto wanted =
    std::max({start_ + used + count, start_ + used * 2, start_ + min_growth});
  out_.resize(wanted);
  begin_ = out_.data() + start_;
  if (in_buffer_) {
    std::memcpy(begin_, former, used);
    in_buffer_ = false;
  }
  next_ = begin_ + used;
  end_ = out_.data() + out_.size();
}

} // namespace flow
