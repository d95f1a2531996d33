#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include "libflow/exchange/barrier_aligner.hpp"
#include "libflow/exchange/barrier_tracker.hpp"

using namespace flow;

namespace {

checkpoint_barrier numbered(std::uint64_t id) {
  checkpoint_barrier barrier;
  barrier.checkpoint_id = id;
  return barrier;
}

/// "+1" taken, "-1s" subsumed, "-1c" cancelled, "-1e" ended.
std::string events_of(barrier_handler& handler) {
  std::string text;
  for (const auto& event : handler.take()) {
    text += event.aborted ? "-" : "+";
    text += std::to_string(event.barrier.checkpoint_id);
    if (event.aborted)
      text += "sce"[static_cast<std::size_t>(*event.aborted)];
    text += " ";
  }
  return text;
}

} // namespace

TEST_CASE("a snapshot is due when every channel has delivered the barrier") {
  barrier_aligner it{3};
  it.barrier(0, numbered(1));
  CHECK(it.blocked(0));
  CHECK_FALSE(it.blocked(1));
  it.barrier(0, numbered(1)); // doubled
  it.barrier(2, numbered(1));
  CHECK(events_of(it).empty());
  CHECK((it.awaited() == std::vector<std::size_t>{1}));
  it.barrier(1, numbered(1));
  CHECK(events_of(it) == "+1 ");
  CHECK_FALSE(it.blocked(0));
  CHECK_FALSE(it.pending());
  it.barrier(1, numbered(1)); // late
  CHECK_FALSE(it.blocked(1));
}

TEST_CASE("a newer barrier gives the older checkpoint up") {
  barrier_aligner it{2};
  it.barrier(0, numbered(1));
  it.barrier(1, numbered(2));
  CHECK(events_of(it) == "-1s ");
  CHECK_FALSE(it.blocked(0));
  CHECK(it.blocked(1));
  it.barrier(1, numbered(1));
  it.barrier(0, numbered(2));
  CHECK(events_of(it) == "+2 ");
}

TEST_CASE("an input that ends counts as having delivered") {
  barrier_aligner it{2};
  it.barrier(0, numbered(1));
  it.end_of_partition(1);
  CHECK(events_of(it) == "+1 ");
  it.barrier(0, numbered(2));
  CHECK(events_of(it) == "+2 ");
  barrier_aligner older{2, false};
  older.barrier(0, numbered(1));
  older.end_of_partition(1);
  CHECK(events_of(older) == "-1e ");
}

TEST_CASE("a cancelled checkpoint blocks nobody and does not come again") {
  barrier_aligner it{2};
  it.barrier(0, numbered(1));
  it.cancel(1, 1);
  CHECK(events_of(it) == "-1c ");
  CHECK_FALSE(it.blocked(0));
  it.barrier(1, numbered(1));
  CHECK_FALSE(it.pending());
  it.cancel(0, 3);
  CHECK(events_of(it) == "-3c ");
  it.barrier(0, numbered(2));
  CHECK_FALSE(it.pending());
  it.abort(4);
  it.barrier(0, numbered(4));
  CHECK_FALSE(it.pending());
  it.barrier(0, numbered(5));
  it.abort(5);
  CHECK(events_of(it) == "-5c ");
}

TEST_CASE("without alignment nothing is blocked, and several are counted") {
  barrier_tracker it{3};
  it.barrier(0, numbered(1));
  it.barrier(0, numbered(2));
  it.barrier(1, numbered(2));
  CHECK_FALSE(it.blocked(0));
  it.barrier(1, numbered(1));
  it.barrier(2, numbered(1));
  CHECK(events_of(it) == "+1 ");
  it.barrier(2, numbered(2));
  CHECK(events_of(it) == "+2 ");
  it.barrier(0, numbered(3));
  it.barrier(0, numbered(4));
  it.barrier(1, numbered(4));
  it.barrier(2, numbered(4)); // 3 is subsumed
  it.barrier(1, numbered(3));
  it.barrier(2, numbered(3));
  CHECK(events_of(it) == "+4 ");
  CHECK_FALSE(it.pending());
}

TEST_CASE("ends and cancels complete and give up what is counted") {
  barrier_tracker it{2};
  it.barrier(0, numbered(1));
  it.barrier(0, numbered(2));
  it.end_of_partition(1);
  CHECK(events_of(it) == "+1 +2 ");
  it.barrier(0, numbered(3));
  CHECK(events_of(it) == "+3 ");
  barrier_tracker other{2};
  other.barrier(0, numbered(1));
  other.cancel(1, 2);
  CHECK(events_of(other) == "-1s -2c ");
  other.barrier(0, numbered(2));
  other.barrier(1, numbered(1));
  CHECK(events_of(other).empty());
  CHECK_FALSE(other.pending());
}

namespace {

/// What one channel delivers, in order.
struct step {
  enum class kind { barrier, cancel, record, end, abort } what;
  std::uint64_t id = 0;
};
using script = std::vector<step>;

/// A task with two channels whose elements wait while a channel is blocked, as
/// the gate does, and which is told at any time that a checkpoint is given up;
/// checks what must hold after every step.
class alignment_model {
public:
  alignment_model(script a, script b, script told = {})
    : scripts_{std::move(a), std::move(b), std::move(told)} {}

  /// Runs all interleavings. @return how many
  std::size_t run_all() {
    explore(barrier_state{barrier_aligner{2}, {}, {}, {}});
    return complete_;
  }

private:
  struct barrier_state {
    barrier_aligner aligner;
    std::array<std::size_t, 3> at;         // next step of each script
    std::array<std::size_t, 2> records;    // processed of each channel
    std::map<std::uint64_t, char> settled; // by checkpoint: + or -
  };

  /// Records that stand before the barrier of a checkpoint on a channel; all
  /// where it ended without one.
  [[nodiscard]] std::size_t records_before(std::size_t channel,
                                           std::uint64_t id) const {
    std::size_t count = 0;
    for (const step& each : scripts_[channel]) {
      if (each.what == step::kind::barrier && each.id == id)
        return count;
      count += each.what == step::kind::record ? 1 : 0;
    }
    return count;
  }

  void explore(const barrier_state& from) {
    bool moved = false;
    for (std::size_t channel = 0; channel < scripts_.size(); ++channel) {
      if (from.at[channel] == scripts_[channel].size()
          || (channel < 2 && from.aligner.blocked(channel)))
        continue;
      moved = true;
      barrier_state next = from;
      take(next, channel);
      explore(next);
    }
    if (moved)
      return;
    ++complete_;
    // Nothing gets stuck: a blocked channel is only one whose other side has
    // still to deliver, and every side delivers or ends.
    for (std::size_t channel = 0; channel < scripts_.size(); ++channel)
      CHECK(from.at[channel] == scripts_[channel].size());
  }

  void take(barrier_state& in, std::size_t channel) {
    const step& next = scripts_[channel][in.at[channel]++];
    switch (next.what) {
    case step::kind::record:
      ++in.records[channel];
      break;
    case step::kind::barrier:
      in.aligner.barrier(channel, numbered(next.id));
      break;
    case step::kind::cancel:
      in.aligner.cancel(channel, next.id);
      break;
    case step::kind::end:
      in.aligner.end_of_partition(channel);
      break;
    case step::kind::abort:
      in.aligner.abort(next.id);
      break;
    }
    for (const auto& event : in.aligner.take()) {
      const auto id = event.barrier.checkpoint_id;
      CHECK_FALSE(in.settled.contains(id)); // at most once
      for (const auto& [other, how] : in.settled)
        CHECK((how == '-' || other < id)); // in order
      in.settled[id] = event.aborted ? '-' : '+';
      if (!event.aborted)
        for (std::size_t c = 0; c < 2; ++c)
          CHECK(in.records[c] == records_before(c, id)); // a consistent cut
    }
  }

  std::array<script, 3> scripts_; // of the channels, and of what it is told
  std::size_t complete_ = 0;
};

} // namespace

TEST_CASE("every interleaving of two inputs and two checkpoints is a cut") {
  using k = step::kind;
  const step record{k::record};
  const step end{k::end};
  // What a channel may do about each checkpoint: deliver it, cancel it, or,
  // because upstream was aborted, say nothing.
  const std::vector<script> first = {{{k::barrier, 1}}, {{k::cancel, 1}}, {}};
  const std::vector<script> second = {{{k::barrier, 2}}, {{k::cancel, 2}}, {}};
  std::vector<script> scripts;
  for (const auto& one : first)
    for (const auto& two : second)
      for (int ends_at = 0; ends_at < 3; ++ends_at) {
        script all{record};
        auto add = [&](const script& more) {
          all.insert(all.end(), more.begin(), more.end());
          all.push_back(record);
        };
        if (ends_at > 0)
          add(one);
        if (ends_at > 1)
          add(two);
        all.push_back(end);
        scripts.push_back(std::move(all));
      }
  std::size_t runs = 0;
  for (const auto& a : scripts)
    for (const auto& b : scripts)
      runs += alignment_model{a, b}.run_all();
  CHECK(runs > 10'000);
}

TEST_CASE("a checkpoint may be given up at any moment") {
  using k = step::kind;
  const step record{k::record};
  std::vector<script> scripts;
  for (const bool one : {true, false})
    for (const bool two : {true, false}) {
      script all{record};
      if (one)
        all.push_back({k::barrier, 1});
      all.push_back(record);
      if (two)
        all.push_back({k::barrier, 2});
      all.push_back(record);
      all.push_back({k::end});
      scripts.push_back(std::move(all));
    }
  const step one{k::abort, 1};
  const step two{k::abort, 2};
  std::size_t runs = 0;
  for (const auto& a : scripts)
    for (const auto& b : scripts)
      for (const script& told : {script{one}, script{two}, script{one, two}})
        runs += alignment_model{a, b, told}.run_all();
  CHECK(runs > 10'000);
}
