#include "libflow/operators/operator.hpp"

namespace flow {

operator_base::~operator_base() = default;

operator_capture operator_base::capture_all(const snapshot_context& context) {
  operator_capture result = capture(context);
  result.states = operator_states_.snapshot();
  return result;
}

expected<void>
operator_base::restore_all(std::span<const operator_snapshot> parts) {
  for (const auto& part : parts) {
    auto unknown = operator_states_.restore(part.states);
    if (!unknown)
      return unknown.error();
    if (!unknown->empty())
      return error{error_code::incompatible,
                   "the snapshot holds the operator state \"" + unknown->front()
                     + "\", which the operator \"" + name_ + "\" does not have",
                   error_severity::fatal};
  }
  if (auto done = restore(parts); !done)
    return done;
  after_restore();
  return {};
}

} // namespace flow
