#pragma once

#include <string>
#include <vector>

#include "tools/harness/value.hpp"

namespace flow::harness {

/// What a `call` step asks: the name of the operation and its arguments, which
/// stand by name beside it or, by name or in order, under `args`:
/// `{"fn": "window_start", "args": [7, 0, 5]}`, `{"op": "put", "key": 1}`,
/// `{"barrier": 1, "channel": 0}`.
class call_step {
public:
  explicit call_step(const value& step);

  /// The operation; of a call whose name is a member among its arguments, the
  /// first of `known` that is one.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  void resolve(const std::vector<std::string>& known);

  /// Gives an argument that is not there.
  void add(const std::string& by_name, const value& argument);

  /// The argument of a name or of a position; null if there is none.
  [[nodiscard]] const value& arg(const std::string& by_name,
                                 std::size_t position = 0) const;
  [[nodiscard]] bool has(const std::string& by_name,
                         std::size_t position = 0) const {
    return !arg(by_name, position).is_null();
  }
  [[nodiscard]] const value& all() const noexcept { return args_; }

  /// The window that a call is about: under `window`, or the arguments
  /// themselves; null if there is none.
  [[nodiscard]] const value& window() const;

private:
  std::string name_;
  value args_; // a map or a list
};

} // namespace flow::harness
