#pragma once

#include <memory>

#include "tools/bench/tape.hpp"

namespace flow::bench {

/// A record on its way through the baseline.
template <class Record>
struct stamped {
  Record value;
  timestamp time;
};

/// One operator of the baseline: a virtual call a record, as the object of an
/// idiomatic engine.
template <class Record>
struct stage {
  virtual ~stage() = default;
  virtual void take(stamped<Record>& event) = 0;
};

template <class Record, class F>
struct map_stage final : stage<Record> {
  map_stage(F f, stage<Record>& to) : function(f), next(&to) {}
  void take(stamped<Record>& event) override {
    event.value = function(event.value);
    next->take(event);
  }
  F function;
  stage<Record>* next;
};

template <class Record, class F>
struct filter_stage final : stage<Record> {
  filter_stage(F f, stage<Record>& to) : function(f), next(&to) {}
  void take(stamped<Record>& event) override {
    if (function(event.value))
      next->take(event);
  }
  F function;
  stage<Record>* next;
};

template <class Record, class F>
struct sum_stage final : stage<Record> {
  explicit sum_stage(F f) : function(f) {}
  void take(stamped<Record>& event) override {
    result += {1, function(event.value, event.time)};
  }
  F function;
  checksum result;
};

/// The source: a loop that copies each event out of the tape and calls the
/// first operator. Not inlined, so that the calls stay virtual.
template <class Record>
[[gnu::noipa]] void run_stages(const tape<Record>& input,
                               stage<Record>& first) {
  input.read(0, input.length(), [&](const Record& value, timestamp time) {
    stamped<Record> event{value, time};
    first.take(event);
  });
}

/// The same work as one loop that the compiler sees whole.
template <class Record, class First, class Keep, class Second, class Digest>
checksum run_fused(const tape<Record>& input, First first, Keep keep,
                   Second second, Digest digest) {
  checksum result;
  input.read(0, input.length(), [&](const Record& value, timestamp time) {
    const Record mapped = first(value);
    if (keep(mapped))
      result += {1, digest(second(mapped), time)};
  });
  return result;
}

} // namespace flow::bench
