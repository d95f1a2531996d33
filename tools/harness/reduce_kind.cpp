#include "libflow/api/keyed_stream.hpp"
#include "libflow/testing/harness_of.hpp"
#include "tools/harness/kind_entries.hpp"
#include "tools/harness/operator_subject.hpp"

namespace flow::harness {

namespace {

value sum_records(const value& a, const value& b) {
  return record_of(a["key"], a["value"].as_int() + b["value"].as_int());
}

std::unique_ptr<subject> make_reduce(const value&, const placement& where) {
  auto make = testing::operator_of<value>(
    [](auto in) { return in.key_by(by_key{}).reduce(sum_records); });
  return std::make_unique<operator_subject>(plan_of(*make), where);
}

} // namespace

std::vector<operator_kind_entry> reduce_kinds() {
  return {{"keyed_reduce", make_reduce}};
}

} // namespace flow::harness
