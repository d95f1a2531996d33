#pragma once

#include <optional>
#include <span>
#include <utility>

#include "libflow/functions/keyed_context.hpp"
#include "libflow/operators/keyed_blocks.hpp"
#include "libflow/testing/operator_driver.hpp"

namespace flow::testing {

/// Keyed states without an operator, under a clock that the test sets and that
/// starts at 0: what they keep, and when it expires.
///
///     flow::testing::keyed_state_harness<std::string> states;
///     auto seen = states.state(
///       flow::value_state_descriptor<std::int64_t>{
///         "seen", 0, flow::state_ttl{.time_to_live = 10s}});
///     states.select("a");
///     seen.set(1);
///     states.set_processing_time(10'000);
///     CHECK(!seen.has_value());
///
/// A snapshot is restored into another harness that has asked for the same
/// states and whose clock was set. Neither may be moved: handles refer to it.
/// @thread one
template <class K>
class keyed_state_harness {
public:
  explicit keyed_state_harness(const harness_options& options = {})
    : context_(context_for(options, clock_)) {
    static_cast<void>(states_.open(context_));
  }
  keyed_state_harness(const keyed_state_harness&) = delete;
  keyed_state_harness& operator=(const keyed_state_harness&) = delete;

  /// The state of that name, as a function gets it in `open`; before restore().
  /// Throws std::invalid_argument for a state that an operator would refuse.
  template <class Descriptor>
  [[nodiscard]] auto state(const Descriptor& descriptor) {
    return keyed_runtime_context<K>{context_.place, states_.store()}.state(
      descriptor);
  }

  /// The key whose states the handles give from now on.
  void select(K key) {
    key_ = std::move(key);
    states_.store().select(*key_, key_hash(*key_));
  }

  void set_processing_time(timestamp now) { clock_.set_now(now); }

  [[nodiscard]] operator_snapshot snapshot() {
    return encode(states_.capture());
  }

  /// At most once, before any key is selected; parts may hold foreign keys,
  /// which are skipped.
  expected<void> restore(std::span<const operator_snapshot> parts) {
    return states_.restore(parts);
  }

private:
  manual_clock clock_;
  operator_context context_;
  keyed_part<K> states_;
  std::optional<K> key_;
};

} // namespace flow::testing
