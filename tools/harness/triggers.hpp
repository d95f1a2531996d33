#pragma once

#include <memory>
#include <vector>

#include "libflow/windows/triggers.hpp"
#include "tools/harness/subject.hpp"

namespace flow::harness {

/// The state of whatever trigger a case describes, encoded; empty at first.
struct case_trigger_state {
  std::vector<std::byte> bytes;

  friend bool operator==(const case_trigger_state&,
                         const case_trigger_state&) = default;
};

/// What triggers need to know of a window.
struct window_end {
  timestamp last = 0;

  [[nodiscard]] timestamp max_timestamp() const noexcept { return last; }
};

/// A trigger whose type is known at run time only.
class erased_trigger {
public:
  virtual ~erased_trigger() = default;
  virtual trigger_result on_element(const value& record, timestamp at,
                                    const window_end& window,
                                    case_trigger_state& kept,
                                    trigger_context& context) = 0;
  virtual trigger_result on_event_time(timestamp at, const window_end& window,
                                       case_trigger_state& kept,
                                       trigger_context& context) = 0;
  virtual trigger_result on_processing_time(timestamp at,
                                            const window_end& window,
                                            case_trigger_state& kept,
                                            trigger_context& context) = 0;
  virtual void merge_state(case_trigger_state& into,
                           const case_trigger_state& from) = 0;
  virtual void on_merge(const window_end& window, case_trigger_state& kept,
                        trigger_context& context) = 0;
  virtual void clear(const window_end& window, case_trigger_state& kept,
                     trigger_context& context) = 0;
  [[nodiscard]] virtual bool can_merge() const = 0;
  /// Values that are kept: a timeout counts beside what the trigger within has.
  [[nodiscard]] virtual std::size_t
  state_entries(const case_trigger_state& kept) const = 0;
};

/// Any trigger that a case may describe: libflow's own within.
class case_trigger {
public:
  using state = case_trigger_state;
  static constexpr bool can_merge = true; // as far as the one within can

  /// @param domain  of the default trigger; null description: none
  case_trigger(const value& description, time_domain domain, bool global);

  [[nodiscard]] bool merges() const { return inner_->can_merge(); }
  [[nodiscard]] std::size_t state_entries(const state& kept) const {
    return inner_->state_entries(kept);
  }

  template <class W>
  trigger_result on_element(const value& record, timestamp at, const W& window,
                            state& kept, trigger_context& context) {
    return inner_->on_element(record, at, {window.max_timestamp()}, kept,
                              context);
  }
  template <class W>
  trigger_result on_event_time(timestamp at, const W& window, state& kept,
                               trigger_context& context) {
    return inner_->on_event_time(at, {window.max_timestamp()}, kept, context);
  }
  template <class W>
  trigger_result on_processing_time(timestamp at, const W& window, state& kept,
                                    trigger_context& context) {
    return inner_->on_processing_time(at, {window.max_timestamp()}, kept,
                                      context);
  }
  void merge_state(state& into, const state& from) {
    inner_->merge_state(into, from);
  }
  template <class W>
  void on_merge(const W& window, state& kept, trigger_context& context) {
    inner_->on_merge({window.max_timestamp()}, kept, context);
  }
  template <class W>
  void clear(const W& window, state& kept, trigger_context& context) {
    inner_->clear({window.max_timestamp()}, kept, context);
  }

private:
  std::shared_ptr<erased_trigger> inner_;
};

} // namespace flow::harness
