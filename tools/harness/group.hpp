#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/harness/kinds.hpp"

namespace flow::harness {

/// The parallel instances of the operator of a case, with what has come out of
/// each and was not looked at yet.
class subject_group {
public:
  explicit subject_group(const value& description);

  /// One instance, unless there are some already.
  void start();
  [[nodiscard]] bool started() const noexcept { return !members_.empty(); }

  /// To the owner of the key, or to all where the input is broadcast.
  void push(const std::vector<element>& elements, testing::channel_id at,
            std::optional<std::size_t> only);
  void watermark(timestamp mark, testing::channel_id at,
                 std::optional<std::size_t> only);
  void status(stream_status status, testing::channel_id at,
              std::optional<std::size_t> only);
  void processing_time(timestamp now);
  void end_input(testing::channel_id at, std::optional<std::size_t> only);
  value call(const call_step& step, std::optional<std::size_t> only);

  [[nodiscard]] bool has_state() const;
  [[nodiscard]] std::vector<operator_snapshot> snapshot();

  /// Replaces everything by `parallelism` instances, restored from the old
  /// ones' snapshots or fresh.
  void replace(std::size_t parallelism,
               const std::vector<operator_snapshot>* from);

  /// Every instance by a new one that restores its snapshot; watermarks,
  /// statuses and the clock are told again, what has come out stays.
  void restart_in_place();

  /// The outputs of all, merged: each watermark once. Throws refusal when the
  /// instances disagree about them.
  [[nodiscard]] std::vector<item> take(std::optional<std::size_t> only);
  [[nodiscard]] std::vector<item> take_side(const std::string& tag,
                                            std::optional<std::size_t> only);

  [[nodiscard]] timer_numbers timers(std::optional<std::size_t> only);
  [[nodiscard]] std::uint64_t dropped(std::optional<std::size_t> only);
  [[nodiscard]] value::list window_contents(const window_query& query);
  [[nodiscard]] value state(const std::string& name, const value& key);

private:
  struct member {
    std::unique_ptr<subject> instance;
    std::vector<item> out;
    // Of the instances that this one has replaced in place:
    std::map<std::string, std::vector<item>> sides{};
    std::uint64_t dropped = 0;
  };

  /// A watermark or a status that was told, to be told again.
  struct told {
    testing::channel_id at;
    std::optional<std::size_t> only; ///< the instance
    std::optional<timestamp> mark;
    stream_status status = stream_status::active;
  };

  [[nodiscard]] std::size_t owner_of(const value& key) const;
  template <class F>
  void each(std::optional<std::size_t> only, F&& f);
  void collect(member& one);
  void tell_again(std::size_t index, subject& instance);

  value description_;
  const operator_kind_entry* kind_;
  std::vector<member> members_;
  std::vector<told> history_; ///< all of it: their order matters
  std::optional<timestamp> clock_;
  bool ended_ = false;
};

} // namespace flow::harness
