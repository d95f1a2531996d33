#pragma once

#include <span>
#include <string>

#include "libflow/functions/broadcast_context.hpp"
#include "libflow/operators/operator.hpp"
#include "libflow/state/redistribute.hpp"

namespace flow {

/// The broadcast states of one operator as part of its snapshot: every subtask
/// stores its copy, and a new subtask takes that of the old one whose index is
/// its own modulo their number.
/// Owner: an operator with a broadcast side. @thread the subtask
class broadcast_part {
public:
  void open(const operator_context& context) {
    index_ = context.place.subtask_index;
  }

  [[nodiscard]] detail::broadcast_side& side() noexcept { return side_; }

  /// Runs f while broadcast states may be written.
  template <class F>
  void writing(F&& f) {
    struct scope {
      explicit scope(bool& it) : flag(it) { flag = true; }
      ~scope() { flag = false; }
      bool& flag;
    };
    const scope open{side_.writing};
    f();
  }

  [[nodiscard]] std::size_t bytes() const noexcept {
    return side_.store.bytes();
  }

  /// @param waiting  whether records wait for the end of the broadcast side
  [[nodiscard]] byte_string capture(bool waiting) const {
    byte_string bytes;
    {
      byte_writer out{bytes};
      out.write_bool(waiting);
      write_operator_state(side_.store.snapshot(), out);
    }
    return bytes;
  }

  /// @param waiting  set to what it was
  /// @return an error also for state that the operator does not have
  expected<void> restore(std::span<const operator_snapshot> parts,
                         bool& waiting) {
    if (parts.empty())
      return {};
    const auto& bytes = parts[index_ % parts.size()].broadcast;
    if (!byte_reader{bytes}.read_bool(waiting))
      return error{error_code::corrupt_data, "broadcast state is cut short",
                   error_severity::fatal};
    auto read = read_operator_state(std::span{bytes}.subspan(1));
    if (!read)
      return read.error();
    auto unknown = side_.store.restore(*read);
    if (!unknown)
      return unknown.error();
    if (!unknown->empty())
      return error{error_code::incompatible,
                   "the snapshot holds the broadcast state \""
                     + unknown->front()
                     + "\", which the operator does not have",
                   error_severity::fatal};
    return {};
  }

private:
  detail::broadcast_side side_;
  std::size_t index_ = 0;
};

} // namespace flow
