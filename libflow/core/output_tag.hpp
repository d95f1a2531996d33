#pragma once

#include <string>
#include <utility>

namespace flow {

/// Names a side output and the type of its records.
///
///     const flow::output_tag<flight> late{"late"};
///
/// Two tags with one name on one operator must have one type; anything else
/// is an error when the job is built.
template <class T>
class output_tag {
public:
  using value_type = T;

  explicit output_tag(std::string name) : name_(std::move(name)) {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

private:
  std::string name_;
};

} // namespace flow
