#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "libflow/flow.hpp"

namespace flow {

/// Which of the numbers 0 .. count-1 a reader of a generated source makes, and
/// in what order.
///
/// Blocks of numbers are dealt out over 128 strands (block number modulo 128)
/// and the strands over the readers, so that all readers advance together, and
/// with them event time. A position is how far a strand was read: positions
/// survive any change of parallelism.
/// Owner: a source reader. @thread its owner's
class strands {
public:
  strands(std::uint64_t count, std::uint64_t block)
    : count_(count), block_(block) {}

  /// Takes every parallelism-th strand; restore() replaces them.
  void deal(std::uint32_t subtask, std::uint32_t parallelism) {
    for (std::uint64_t i = subtask; i < strand_count; i += parallelism)
      add(i * block_);
  }

  [[nodiscard]] bool done() const noexcept { return next_.empty(); }

  struct range {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
  };

  /// At most `most` numbers of one block, to be made now.
  /// @pre !done()
  [[nodiscard]] range next(std::uint64_t most) {
    if (!inside_block_) {
      const auto earliest = std::min_element(next_.begin(), next_.end());
      at_ = static_cast<std::size_t>(earliest - next_.begin());
      inside_block_ = true;
    }
    const std::uint64_t first = next_[at_];
    const std::uint64_t block_end = (first / block_ + 1) * block_;
    return {first, std::min({block_end, count_, first + most})};
  }

  /// The numbers of next() before `end` were made.
  void advance_to(std::uint64_t end) {
    std::uint64_t& current = next_[at_];
    current = end;
    const bool at_block = current % block_ == 0;
    if (!at_block && current < count_)
      return;
    inside_block_ = false;
    if (at_block)
      current += (strand_count - 1) * block_;
    if (current >= count_)
      next_.erase(next_.begin() + static_cast<std::ptrdiff_t>(at_));
  }

  /// Makes nothing more.
  void clear() { next_.clear(); }

  /// One entry a strand.
  [[nodiscard]] std::vector<byte_string> snapshot() const {
    std::vector<byte_string> entries;
    for (const std::uint64_t each : next_) {
      byte_writer to{entries.emplace_back()};
      to.write_int(each);
    }
    return entries;
  }

  expected<void> restore(std::span<const byte_string> entries) {
    next_.clear();
    inside_block_ = false;
    for (const auto& entry : entries) {
      byte_reader from{entry};
      std::uint64_t position = 0;
      if (!from.read_int(position) || !from.finished())
        return error{error_code::corrupt_data,
                     "a position of the generated records cannot be read"};
      add(position);
    }
    return {};
  }

private:
  static constexpr std::uint64_t strand_count = 128;

  void add(std::uint64_t position) {
    if (position < count_)
      next_.push_back(position);
  }

  std::uint64_t count_;
  std::uint64_t block_;
  std::vector<std::uint64_t> next_; ///< a strand each: what it goes on with
  std::size_t at_ = 0;              ///< the strand whose block is being made
  bool inside_block_ = false;
};

} // namespace flow
