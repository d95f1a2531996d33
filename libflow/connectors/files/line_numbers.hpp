#pragma once

#include <cstdint>

#include "libflow/core/error.hpp"
#include "libflow/core/file_system.hpp"

namespace flow {

/// Finds the number of the line that begins at an offset by counting the ends
/// of lines before it. For messages only: it reads the file up to there, but
/// goes on from the last answer when asked further on, so that a reader whose
/// every split has a malformed row reads the file once more in all.
/// Owner: one source reader.
/// @thread its owner's; blocks on the file
class line_numbers {
public:
  /// The number, from 1, of the line whose first byte is at `offset`.
  expected<std::uint64_t> at(readable_file& file, std::uint64_t offset);

private:
  std::uint64_t offset_ = 0;
  std::uint64_t number_ = 1;
};

} // namespace flow
