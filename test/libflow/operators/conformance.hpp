#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "libflow/flow.hpp"
#include "libflow/testing.hpp"

// What holds for every operator: how its input is cut into batches, how often
// its outputs refuse, and where it was restarted shows nowhere.

namespace flow::conformance {

struct reading {
  std::int64_t key = 0;
  std::int64_t value = 0;
  timestamp time = 0;

  friend auto operator<=>(const reading&, const reading&) = default;
};

inline const output_tag<reading> side{"side"};

/// One call of the harness.
struct step {
  enum class kind : std::uint8_t { record, watermark, idle, active, clock };
  kind what = kind::record;
  std::size_t input = 0;
  reading value{};
  timestamp time = 0; ///< of the record, the watermark or the clock
};

using script = std::vector<step>;

/// Records out of order by at most 20, equal and negative times among them;
/// watermarks that are sometimes ahead of records; a clock; inputs that fall
/// idle, if they may.
inline script random_script(std::mt19937_64& random, std::size_t inputs,
                            bool may_idle) {
  auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  script result;
  timestamp event_time = below(60) - 40;
  timestamp clock = 0;
  std::vector<timestamp> marks(inputs, min_timestamp);
  std::vector<bool> idle(inputs, false);
  for (int i = 0; i < 60; ++i) {
    const auto input =
      static_cast<std::size_t>(below(static_cast<std::int64_t>(inputs)));
    const auto choice = below(12);
    if (choice == 0 && clock < 1'000) {
      clock += 1 + below(9);
      result.push_back({step::kind::clock, 0, {}, clock});
    } else if (choice == 1 && may_idle) {
      idle[input] = !idle[input];
      result.push_back(
        {idle[input] ? step::kind::idle : step::kind::active, input, {}, 0});
    } else if (choice < 4 && !idle[input]) {
      marks[input] = std::max(marks[input], event_time - below(20));
      result.push_back({step::kind::watermark, input, {}, marks[input]});
    } else if (!idle[input]) {
      event_time += below(4);
      const timestamp at = event_time - below(20);
      result.push_back(
        {step::kind::record, input, {below(4), below(50), at}, at});
    }
  }
  for (std::size_t input = 0; input < inputs; ++input) {
    if (idle[input])
      result.push_back({step::kind::active, input, {}, 0});
    result.push_back({step::kind::watermark, input, {}, max_timestamp});
  }
  return result;
}

/// How a script is played.
struct manner {
  std::mt19937_64* batches = nullptr;  ///< several records in one
  std::mt19937_64* restarts = nullptr; ///< a new instance between calls
  bool refuses = false;                ///< outputs refuse every second offer
};

/// What came out: texts, and where the watermarks were between them.
struct outcome {
  std::vector<std::vector<std::string>> main{{}}; ///< up to each watermark
  std::vector<std::string> side;

  /// Where the order between two watermarks does not count.
  [[nodiscard]] outcome sorted() const {
    outcome result = *this;
    for (auto& each : result.main)
      std::ranges::sort(each);
    std::ranges::sort(result.side);
    return result;
  }
  friend bool operator==(const outcome&, const outcome&) = default;
};

inline std::string text_of(const testing::emitted<reading>& of) {
  return std::to_string(of.value.key) + ' ' + std::to_string(of.value.value)
         + ' ' + std::to_string(of.value.time) + " @"
         + std::to_string(of.stamp);
}

inline std::ostream& operator<<(std::ostream& out, const outcome& of) {
  for (const auto& part : of.main) {
    for (const auto& each : part)
      out << '(' << each << ") ";
    out << "| ";
  }
  out << "side:";
  for (const auto& each : of.side)
    out << " (" << each << ')';
  return out;
}

/// An operator under test and what feeds it.
struct subject {
  std::string operator_class; ///< as its header names it
  std::string name;
  std::size_t inputs = 1;
  testing::operator_harness<reading>::maker make;
  std::uint64_t watermark_every_rows = 0;
};

/// Plays one script once.
class player {
public:
  player(const subject& of, const manner& how)
    : how_(how), harness_(of.make, options_of(of, how)),
      marks_(of.inputs, min_timestamp), idle_(of.inputs, false) {
    harness_.consume(side);
  }

  expected<outcome> play(const script& steps) {
    if (auto opened = harness_.opened(); !opened)
      return opened.error();
    for (std::size_t at = 0; at < steps.size();) {
      if (how_.restarts != nullptr && (*how_.restarts)() % 6 == 0)
        if (auto done = restart(); !done)
          return done.error();
      const std::size_t next = at + batch_at(steps, at);
      if (auto done = call(steps, at, next); !done)
        return done.error();
      at = next;
      drain();
    }
    return std::move(result_);
  }

private:
  static testing::harness_options options_of(const subject& of,
                                             const manner& how) {
    testing::harness_options options;
    options.channels.assign(of.inputs, 1);
    options.refuse_every_second = how.refuses;
    options.watermark_every_rows = of.watermark_every_rows;
    return options;
  }

  /// Steps that go in one call: records of one input, as many as chance says.
  std::size_t batch_at(const script& steps, std::size_t at) {
    if (how_.batches == nullptr || steps[at].what != step::kind::record)
      return 1;
    const std::size_t most = 1 + (*how_.batches)() % 9;
    std::size_t count = 1;
    while (count < most && at + count < steps.size()
           && steps[at + count].what == step::kind::record
           && steps[at + count].input == steps[at].input)
      ++count;
    return count;
  }

  expected<void> call(const script& steps, std::size_t at, std::size_t next) {
    const step& first = steps[at];
    switch (first.what) {
    case step::kind::record: {
      std::vector<testing::emitted<reading>> records;
      for (; at < next; ++at)
        records.push_back({steps[at].value, steps[at].time});
      return harness_.push_batch<reading>(records, first.input);
    }
    case step::kind::watermark:
      marks_[first.input] = first.time;
      return harness_.watermark(first.time, {first.input, 0});
    case step::kind::idle:
    case step::kind::active:
      idle_[first.input] = first.what == step::kind::idle;
      return harness_.status(idle_[first.input] ? stream_status::idle
                                                : stream_status::active,
                             {first.input, 0});
    case step::kind::clock:
      clock_ = first.time;
      return harness_.set_processing_time(clock_);
    }
    return {};
  }

  /// A new instance, which is told of time what the old one knew.
  expected<void> restart() {
    const auto taken = harness_.snapshot();
    if (!taken)
      return taken.error();
    drain();
    auto restored = harness_.restore({&*taken, 1}, [this] {
      static_cast<void>(harness_.set_processing_time(clock_));
      for (std::size_t i = 0; i < marks_.size(); ++i) {
        if (marks_[i] != min_timestamp)
          static_cast<void>(harness_.watermark(marks_[i], {i, 0}));
        if (idle_[i])
          static_cast<void>(harness_.status(stream_status::idle, {i, 0}));
      }
      static_cast<void>(harness_.take());
      static_cast<void>(harness_.take_side(side));
    });
    return restored;
  }

  void drain() {
    for (const auto& item : harness_.take())
      if (const auto* record = std::get_if<testing::emitted<reading>>(&item)) {
        result_.main.back().push_back(text_of(*record));
      } else if (const auto* mark =
                   std::get_if<testing::emitted_watermark>(&item)) {
        note(mark->mark);
      }
    for (const auto& item : harness_.take_side(side))
      if (const auto* record = std::get_if<testing::emitted<reading>>(&item))
        result_.side.push_back(text_of(*record));
  }

  /// A new instance may say again what the old one said last.
  void note(timestamp mark) {
    if (std::exchange(last_mark_, mark) == mark && how_.restarts != nullptr)
      return;
    result_.main.back().push_back("W" + std::to_string(mark));
    result_.main.emplace_back();
  }

  manner how_;
  testing::operator_harness<reading> harness_;
  std::vector<timestamp> marks_;
  std::vector<bool> idle_;
  timestamp clock_ = 0;
  timestamp last_mark_ = min_timestamp;
  outcome result_;
};

} // namespace flow::conformance
