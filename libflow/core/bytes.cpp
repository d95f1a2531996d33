#include "libflow/core/bytes.hpp"

#include <algorithm>

namespace flow {

byte_writer::~byte_writer() {
  if (!in_buffer_)
    out_.resize(start_ + size());
}

/// What is appended is copied to where nothing was before. Only the room for
/// the numbers that follow, which the vector clears first, is made ahead, and
/// little of it, so that it stays in the cache.
void byte_writer::append_growing(const void* data, std::size_t count) {
  constexpr std::size_t least_capacity = 256;
  constexpr std::size_t ahead = 4096;
  const std::size_t used = size();
  if (in_buffer_)
    out_.assign(begin_, next_);
  else
    out_.resize(start_ + used);
  in_buffer_ = false;
  const std::size_t end = start_ + used + count;
  if (end > out_.capacity())
    out_.reserve(std::max({end, 2 * out_.capacity(), least_capacity}));
  const auto* from = static_cast<const std::byte*>(data);
  out_.insert(out_.end(), from, from + count);
  out_.resize(std::min(out_.capacity(), end + ahead));
  begin_ = out_.data() + start_;
  next_ = begin_ + used + count;
  end_ = out_.data() + out_.size();
}

} // namespace flow
