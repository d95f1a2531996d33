#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/harness/subject.hpp"

namespace flow::harness {

/// Two implementations of one operator: the case is about the first, and the
/// second has to put out the same, between watermarks in any order. The second
/// takes it that after a restore the watermark that held comes first, as in a
/// job; a case that does without goes on with the first alone.
class twin_subject final : public subject {
public:
  twin_subject(std::unique_ptr<subject> first, std::unique_ptr<subject> second);

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
  [[nodiscard]] std::vector<std::string> side_tags() const override {
    return first_->side_tags();
  }

  [[nodiscard]] timer_numbers timers() override;
  [[nodiscard]] bool counts_drops() const override { return true; }
  [[nodiscard]] std::uint64_t dropped() override;
  [[nodiscard]] value::list window_contents(const window_query& query) override;

private:
  /// Calls f on both; both refuse or none does.
  template <class F>
  void both(F&& f);

  std::unique_ptr<subject> first_;
  std::unique_ptr<subject> second_; // null: not looked at any more
  timestamp told_ = min_timestamp;  // the highest watermark
};

} // namespace flow::harness
