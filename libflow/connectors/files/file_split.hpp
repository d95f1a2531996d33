#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "libflow/core/error.hpp"

namespace flow {

/// A range of a file's bytes, [begin, end). The lines whose first byte lies in
/// it belong to it.
struct file_split {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  friend bool operator==(const file_split&, const file_split&) = default;
};

/// How far a reader has come in a split: what a snapshot of a source holds.
struct split_progress {
  file_split split;
  /// Where the next line begins, in bytes of the file; `split.begin` before
  /// the first.
  std::uint64_t offset = 0;
  /// Whether reading has begun: `offset` is the first byte of a line then.
  bool started = false;

  friend bool operator==(const split_progress&,
                         const split_progress&) = default;
};

/// Bytes of an encoded progress.
inline constexpr std::size_t split_progress_bytes = 25;

/// Appends three little-endian 64-bit numbers (begin, end, offset) and one
/// byte (started).
void encode_split_progress(const split_progress& progress,
                           std::vector<std::byte>& to);

/// The progress that `bytes` are, all of them; anything else is corrupt_data.
expected<split_progress>
decode_split_progress(std::span<const std::byte> bytes);

} // namespace flow
