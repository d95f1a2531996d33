#pragma once

#include <string>
#include <utility>

#include "libflow/functions/collector.hpp"
#include "libflow/operators/one_input.hpp"
#include "libflow/windows/window_options.hpp"

namespace flow {

/// Base of all operators over windows: where results and late records go.
template <class In, class Out>
class windowing_operator : public pausable_operator<In, Out> {
  using base = pausable_operator<In, Out>;

protected:
  windowing_operator(std::string name, receiver<Out>& out,
                     window_options<In> options)
    : base(std::move(name), out), options_(std::move(options)),
      collector_(out) {}

  /// No window takes the record, which is late.
  void reject(const In& value, timestamp stamp) {
    ++this->counts_.late_records;
    if (options_.late_output)
      this->sides_.emit(*options_.late_output, value, stamp);
    else
      ++this->counts_.late_dropped;
  }

  /// What was emitted goes on.
  void hand_on() {
    collector_.flush();
    this->sides_.flush();
    this->counts_.records_out = collector_.emitted();
  }

  [[nodiscard]] bool has_room() const {
    return !collector_.full() && !this->sides_.full();
  }

  window_options<In> options_;
  collector<Out> collector_;
};

} // namespace flow
