#include "test/sim/more_branches.hpp"

#include <algorithm>
#include <vector>

namespace flow::sim {

data_stream<branch_row> sum_fives(const data_stream<numbered>& numbers) {
  return numbers.key_by(&numbered::key)
    .count_window(counted_together)
    .process<branch_row>(
      [](const window_context<std::int64_t, global_window>& context,
         std::span<const numbered> all, collector<branch_row>& out) {
        std::int64_t sum = 0;
        for (const numbered& each : all)
          sum += each.seq;
        out.emit({context.key(), all.back().seq, sum});
      });
}

namespace {

class holder {
public:
  explicit holder(std::int64_t keys) : keys_(keys) {}

  void open(keyed_runtime_context<std::int64_t>& context) {
    held_ = context.operator_state(list_state_descriptor<numbered>{"held"});
    known_ =
      context.operator_state(union_list_state_descriptor<std::int64_t>{"keys"});
  }

  /// Whoever held a number had noted its key.
  void restored() {
    std::vector<std::int64_t> known = known_.get();
    std::ranges::sort(known);
    known.erase(std::unique(known.begin(), known.end()), known.end());
    if (static_cast<std::int64_t>(known.size()) < keys_)
      fatal("of " + std::to_string(keys_) + " keys in the union list only "
            + std::to_string(known.size()) + " have come back");
    for (const numbered& each : held_.get())
      if (!std::ranges::binary_search(known, each.key))
        fatal("key " + std::to_string(each.key)
              + " is held and not in the union list");
    known_.set(std::move(known));
  }

  void process(const numbered& record, keyed_context<std::int64_t>& context,
               collector<branch_row>& out) {
    if (std::ranges::find(known_.get(), record.key) == known_.get().end())
      known_.add(record.key);
    held_.add(record);
    context.register_event_timer(max_timestamp);
    if (held_.get().size() >= most_held)
      let_go(out);
  }

  void on_timer(timestamp, timer_context<std::int64_t>&,
                collector<branch_row>& out) {
    let_go(out);
  }

private:
  static constexpr std::size_t most_held = 7;

  void let_go(collector<branch_row>& out) {
    for (const numbered& each : held_.get())
      out.emit({each.key, each.seq, 0});
    held_.clear();
  }

  std::int64_t keys_;
  operator_list_state<numbered> held_;
  union_list_state<std::int64_t> known_;
};

} // namespace

data_stream<branch_row> hold_back(const data_stream<numbered>& numbers,
                                  std::int64_t keys) {
  return numbers.key_by(&numbered::key).process<branch_row>(holder{keys});
}

} // namespace flow::sim
