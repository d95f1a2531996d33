#pragma once

#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "libflow/connectors/files/file_split.hpp"
#include "libflow/functions/source.hpp"

namespace flow {

/// The splits that a reader was given and has not begun: one at a time is
/// asked for, so that a slow reader holds back no more than the piece it reads.
/// After a restore there may be several, which are read in the order of the
/// file, so that the reader's watermark does not run ahead of them.
/// Owner: a source reader.
/// @thread its owner's
class split_intake {
public:
  /// From the coordinator or a snapshot.
  expected<void> add(std::span<const std::byte> encoded);
  void none_left() noexcept { none_left_ = true; }

  /// The next split to read, if there is one.
  std::optional<split_progress> take();

  /// What a reader without a split answers: it waits for the one asked for
  /// here, or is finished.
  poll_result wait(source_context& context);

  /// Appends an entry for each split here.
  void snapshot(std::vector<byte_string>& to) const;

private:
  std::deque<split_progress> waiting_;
  bool requested_ = false;
  bool none_left_ = false;
};

/// One entry of a reader's snapshot.
byte_string encoded_split(const split_progress& progress);

} // namespace flow
