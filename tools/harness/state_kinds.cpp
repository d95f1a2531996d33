#include <algorithm>

#include "libflow/state/redistribute.hpp"
#include "tools/harness/kind_entries.hpp"

namespace flow::harness {

namespace {

using entries = std::vector<std::byte>;

entries encoded(const value& entry) {
  entries bytes;
  byte_writer out{bytes};
  codec<value>::encode(entry, out);
  return bytes;
}

value decoded(const entries& bytes) {
  byte_reader in{bytes};
  value result;
  if (!codec<value>::decode(in, result))
    throw refusal("an entry is damaged");
  return result;
}

state_format::state_kind kind_named(const std::string& mode) {
  if (mode == "split")
    return state_format::state_kind::list;
  if (mode == "union")
    return state_format::state_kind::union_list;
  if (mode == "broadcast")
    return state_format::state_kind::broadcast;
  throw unknown_feature("the mode \"" + mode + "\" is not known");
}

/// The states of one old subtask in the order of `modes`, in which they are
/// dealt out; a list that it does not have is empty.
std::vector<operator_state_part> parts_of(const value& old,
                                          const value::list& modes) {
  std::vector<operator_state_part> parts;
  for (const value& mode : modes) {
    const std::string& name = mode.as_list().at(0).as_text();
    const value* list = old.find(name);
    operator_state_part part{
      kind_named(mode.as_list().at(1).as_text()), name, "variant", {}};
    if (list != nullptr)
      for (const value& entry : list->as_list())
        part.entries.push_back(encoded(entry));
    else if (part.kind == state_format::state_kind::broadcast)
      continue;
    parts.push_back(std::move(part));
  }
  return parts;
}

/// Operator state when the parallelism changes.
class redistribution_subject final : public subject {
public:
  value call(const call_step& asked) override {
    call_step step = asked;
    step.resolve({"redistribute"});
    if (step.name() != "redistribute")
      unknown(step.name());
    const auto& modes = step.arg("modes", 1).as_list();
    std::vector<std::vector<operator_state_part>> old;
    for (const value& each : step.arg("old", 0).as_list())
      old.push_back(parts_of(each, modes));
    const auto parallelism =
      static_cast<std::size_t>(step.arg("parallelism", 2).as_int());
    auto dealt = redistribute_states(old, parallelism);
    if (!dealt)
      throw refusal(dealt.error().text);
    value::list result;
    for (const auto& parts : *dealt)
      result.push_back(states_of(parts));
    return result;
  }

private:
  static value states_of(const std::vector<operator_state_part>& parts) {
    value::map states;
    for (const auto& part : parts) {
      if (part.entries.empty())
        continue;
      value::list list;
      for (const auto& entry : part.entries)
        list.push_back(decoded(entry));
      states.emplace(part.name, std::move(list));
    }
    return states;
  }
};

} // namespace

std::vector<operator_kind_entry> state_kinds() {
  return {{"operator_state", [](const value&, const placement&) {
             return std::make_unique<redistribution_subject>();
           }}};
}

} // namespace flow::harness
