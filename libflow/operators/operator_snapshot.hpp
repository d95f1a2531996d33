#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "libflow/core/bytes.hpp"
#include "libflow/functions/snapshot_context.hpp"
#include "libflow/functions/source.hpp"
#include "libflow/state/redistribute.hpp"

namespace flow {

/// The state of one operator in one subtask, as bytes. Which part is cut how
/// when the parallelism changes is said at each.
struct operator_snapshot {
  byte_string keyed;             ///< by key groups (state/FORMAT.md)
  std::vector<byte_string> list; ///< entries dealt out evenly
  byte_string broadcast;         ///< the same in every subtask
  /// Of the author's functions, that belong to no key: redistribute_states().
  std::vector<operator_state_part> states = {};

  friend bool operator==(const operator_snapshot&,
                         const operator_snapshot&) = default;
};

/// State that was only referenced at the barrier and becomes bytes later.
/// Owner: whoever writes the snapshot; may outlive the operator. Its end
/// releases what it refers to.
/// @thread one at a time, any, while the subtask goes on
class deferred_state {
public:
  virtual ~deferred_state() = default;

  /// Appends the next piece, about 64 KiB; false, and nothing appended, once
  /// all is written. Can be written once.
  virtual bool write_some(byte_writer& out) = 0;
};

/// A `T` that has `write_some`, as deferred state.
template <class T>
class deferred_state_of final : public deferred_state {
public:
  explicit deferred_state_of(T taken) : taken_(std::move(taken)) {}

  bool write_some(byte_writer& out) override { return taken_.write_some(out); }

private:
  T taken_;
};

template <class T>
[[nodiscard]] std::unique_ptr<deferred_state> defer(T taken) {
  return std::make_unique<deferred_state_of<T>>(std::move(taken));
}

/// What an operator gives at a barrier: small parts as bytes, large ones as
/// references, and work that may block.
struct operator_capture {
  /// The keyed part; null when there is none.
  std::unique_ptr<deferred_state> keyed;
  std::vector<byte_string> list;
  byte_string broadcast;
  snapshot_work work; ///< may be empty
  /// More of the list, encoded later; may be empty.
  std::function<std::vector<byte_string>()> large_list = {};
  std::vector<operator_state_part> states = {};

  /// All of the list, from now on in `list`.
  const std::vector<byte_string>& whole_list() {
    if (const auto make = std::exchange(large_list, nullptr))
      for (byte_string& each : make())
        list.push_back(std::move(each));
    return list;
  }
};

/// Encodes what was captured, at once; does not do its work.
[[nodiscard]] inline operator_snapshot encode(operator_capture capture) {
  capture.whole_list();
  operator_snapshot result{{},
                           std::move(capture.list),
                           std::move(capture.broadcast),
                           std::move(capture.states)};
  if (capture.keyed) {
    byte_writer out{result.keyed};
    while (capture.keyed->write_some(out)) {
    }
  }
  return result;
}

} // namespace flow
