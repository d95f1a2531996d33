#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libflow/testing/operator_harness.hpp"
#include "tools/harness/subject.hpp"

namespace flow::harness {

/// The record that operators of cases take: `{key, value}`.
[[nodiscard]] value record_of(const value& key, const value& payload);

/// Selects the key of such a record.
struct by_key {
  const value& operator()(const value& record) const { return record["key"]; }
};

/// An operator and what a case can see of it.
struct operator_plan {
  testing::operator_harness<value>::maker make;
  testing::harness_options options;
  std::vector<std::string> sides;      ///< side outputs of results
  std::vector<std::string> late_sides; ///< side outputs of input elements
  bool passes_on = false;              ///< emits its input elements
};

/// Any operator that takes records of cases and emits values.
class operator_subject : public subject {
public:
  /// Throws refusal when the operator cannot be opened.
  operator_subject(operator_plan plan, const placement& where);

  void push(std::span<const element> elements, testing::channel_id at) override;
  void watermark(timestamp mark, testing::channel_id at) override;
  void status(stream_status status, testing::channel_id at) override;
  void processing_time(timestamp now) override;
  void end_input(testing::channel_id at) override;

  std::vector<item> take() override;
  std::vector<item> take_side(const std::string& tag) override;

  [[nodiscard]] bool has_state() const override { return true; }
  operator_snapshot snapshot() override;
  void restore(std::span<const operator_snapshot> parts,
               const std::function<void(subject&)>& first) override;
  [[nodiscard]] std::vector<std::string> side_tags() const override;

  [[nodiscard]] timer_numbers timers() override;
  [[nodiscard]] bool counts_drops() const override { return true; }
  [[nodiscard]] std::uint64_t dropped() override;

protected:
  [[nodiscard]] operator_base& op() noexcept { return harness_.op(); }

private:
  operator_plan plan_;
  testing::operator_harness<value> harness_;
};

/// The operator that `make` (name, receiver<value>&) gives, as a plan.
template <class Make>
operator_plan plan_of(Make make) {
  operator_plan plan;
  plan.make = std::move(make);
  return plan;
}

} // namespace flow::harness
