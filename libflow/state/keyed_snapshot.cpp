#include "libflow/state/keyed_snapshot.hpp"

namespace flow {

std::size_t keyed_state_snapshot::size() const noexcept {
  std::size_t total = 0;
  for (const auto& part : parts_)
    total += part->size();
  return total;
}

bool keyed_state_snapshot::write_some(byte_writer& out) {
  if (!header_written_) {
    write_block(out, header_);
    header_written_ = true;
    return true;
  }
  for (; part_ < parts_.size(); ++part_) {
    auto& part = *parts_[part_];
    if (!part_opened_) {
      write_block(out, part.header());
      part_opened_ = true;
      return true;
    }
    if (const auto rows = part.write_entries(out); rows > 0) {
      rows_ += rows;
      return true;
    }
    part_opened_ = false;
  }
  if (end_written_)
    return false;
  detail::write_end_block(out, rows_);
  end_written_ = true;
  return true;
}

void write_keyed_state(keyed_state_snapshot& snapshot, byte_writer& out) {
  while (snapshot.write_some(out)) {
  }
}

} // namespace flow
