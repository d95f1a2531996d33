#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "libflow/connectors/files/file_split.hpp"

namespace flow {

/// Bounds of the size of a split.
inline constexpr std::uint64_t min_split_bytes = std::uint64_t{64} << 10;
inline constexpr std::uint64_t max_split_bytes = std::uint64_t{64} << 20;

/// Hands out the pieces of one file in file order. Pieces are made on request
/// (a file of any size costs a few words): size / (4 x parallelism), within
/// the bounds above.
/// Owner: the source's coordinator.
/// @thread its owner's
class split_planner {
public:
  /// Plans [begin, end) of a file for `parallelism` readers (at least 1).
  /// `begin` is the first byte of a line.
  split_planner(std::uint64_t begin, std::uint64_t end,
                std::uint32_t parallelism);

  /// For tests: pieces of exactly `piece` bytes (at least 1).
  static split_planner with_piece(std::uint64_t begin, std::uint64_t end,
                                  std::uint64_t piece);

  /// The next piece: first what came back, lowest offset first, then the
  /// file's rest; nothing when all is handed out.
  std::optional<split_progress> next();

  /// Takes back what a reader that failed had not finished.
  void give_back(const split_progress& progress);

  /// Whether next() has nothing to give now.
  [[nodiscard]] bool empty() const noexcept;

  [[nodiscard]] std::uint64_t piece_bytes() const noexcept { return piece_; }

  /// What has not been handed out, as bytes.
  void snapshot(std::vector<std::byte>& to) const;

  /// The planner that snapshot() wrote; damaged bytes are corrupt_data.
  static expected<split_planner> restore(std::span<const std::byte> bytes);

private:
  split_planner() = default;

  std::uint64_t next_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t piece_ = 1;
  std::deque<split_progress> returned_;
};

} // namespace flow
