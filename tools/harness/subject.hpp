#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "libflow/core/receiver.hpp"
#include "libflow/operators/operator.hpp"
#include "libflow/testing/operator_driver.hpp"
#include "tools/harness/call.hpp"
#include "tools/harness/value.hpp"

namespace flow::harness {

/// The operator refuses: what a step with `error: true` expects.
struct refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The case asks for something that this program does not know.
struct unknown_feature : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the step looks at cannot be seen from outside this operator.
struct unobservable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A record on its way into an operator.
struct element {
  value key;
  value payload;
  timestamp stamp = min_timestamp;
};

/// Something that came out of an operator.
struct item {
  enum class kind : std::uint8_t { record, watermark, status };

  kind what = kind::record;
  value record;
  timestamp time = min_timestamp; ///< of a record or a watermark
  stream_status status = stream_status::active;
  /// The record is an input element passed on, {key, value}.
  bool passed_on = false;
};

/// Timers registered now.
struct timer_numbers {
  std::size_t event = 0;
  std::size_t processing = 0;
  friend bool operator==(const timer_numbers&, const timer_numbers&) = default;
};

/// The values held in one window.
struct window_query {
  value key;
  timestamp start = 0;
  timestamp end = 0;
};

/// What is under test in a case: one instance of an operator, or a component.
/// Members that a kind does not have throw unknown_feature; refused calls
/// throw refusal.
class subject {
public:
  subject() = default;
  subject(const subject&) = delete;
  subject& operator=(const subject&) = delete;
  virtual ~subject() = default;

  virtual void push(std::span<const element>, testing::channel_id) {
    unknown("element");
  }
  virtual void watermark(timestamp, testing::channel_id) {
    unknown("watermark");
  }
  virtual void status(stream_status, testing::channel_id) { unknown("status"); }
  virtual void processing_time(timestamp) {}
  virtual void end_input(testing::channel_id) { unknown("end_input"); }
  virtual value call(const call_step& step) { unknown(step.name()); }

  /// What came out since the last call.
  virtual std::vector<item> take() { return {}; }
  virtual std::vector<item> take_side(const std::string&) { return {}; }

  [[nodiscard]] virtual bool has_state() const { return false; }
  virtual operator_snapshot snapshot() { unknown("snapshot"); }
  /// @param first  tells the new instance something before its state comes
  virtual void restore(std::span<const operator_snapshot>,
                       const std::function<void(subject&)>& first) {
    static_cast<void>(first);
    unknown("restore");
  }

  /// The side outputs that are looked at.
  [[nodiscard]] virtual std::vector<std::string> side_tags() const {
    return {};
  }

  [[nodiscard]] virtual timer_numbers timers() { unknown("expect_timers"); }
  /// Late elements; of operators alone.
  [[nodiscard]] virtual bool counts_drops() const { return false; }
  [[nodiscard]] virtual std::uint64_t dropped() { unknown("expect_dropped"); }
  [[nodiscard]] virtual value::list window_contents(const window_query&) {
    throw unobservable("the contents of a window");
  }
  [[nodiscard]] virtual value state(const std::string& name, const value&) {
    throw unobservable("the state " + name);
  }

protected:
  [[noreturn]] static void unknown(const std::string& what) {
    throw unknown_feature("this operator has no \"" + what + "\"");
  }
};

/// Where an instance stands among the parallel ones.
struct placement {
  std::uint32_t index = 0;
  std::uint32_t parallelism = 1;
  std::uint32_t max_parallelism = 128;
};

/// A kind of operator that cases may name.
struct operator_kind_entry {
  std::string name;
  std::function<std::unique_ptr<subject>(const value& description,
                                         const placement& where)>
    make;
  /// Whether elements of that input go to all instances of a scaled group.
  std::function<bool(const value& description, std::size_t input)> broadcast =
    [](const value&, std::size_t) { return false; };
};

} // namespace flow::harness
