#include "tools/harness/kinds.hpp"

#include <algorithm>

#include "tools/harness/kind_entries.hpp"

namespace flow::harness {

namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T> more) {
  for (T& each : more)
    to.push_back(std::move(each));
}

std::vector<operator_kind_entry> all_kinds() {
  std::vector<operator_kind_entry> result;
  append(result, reduce_kinds());
  append(result, watermark_kinds());
  append(result, pure_kinds());
  append(result, state_kinds());
  append(result, window_kinds());
  append(result, trigger_kinds());
  append(result, barrier_kinds());
  append(result, process_kinds());
  append(result, ttl_kinds());
  append(result, join_kinds());
  append(result, async_kinds());
  append(result, alignment_kinds());
  std::ranges::sort(result, {}, &operator_kind_entry::name);
  return result;
}

} // namespace

const std::vector<operator_kind_entry>& operator_kinds() {
  static const auto kinds = all_kinds();
  return kinds;
}

const operator_kind_entry& kind_of(const value& description) {
  const value& name =
    description["kind"].is_null() ? description["type"] : description["kind"];
  const auto& kinds = operator_kinds();
  const auto found = std::ranges::find_if(
    kinds, [&](const auto& one) { return value{one.name} == name; });
  if (found == kinds.end())
    throw unknown_feature("the operator kind " + name.dump() + " is not known");
  return *found;
}

std::vector<std::string> function_names() {
  std::vector<std::string> result = pure_function_names();
  append(result, window_function_names());
  append(result, process_function_names());
  return result;
}

} // namespace flow::harness
