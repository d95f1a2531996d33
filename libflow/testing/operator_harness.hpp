#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "libflow/core/assert.hpp"
#include "libflow/core/output_tag.hpp"
#include "libflow/operators/inspection.hpp"
#include "libflow/testing/operator_driver.hpp"
#include "libflow/testing/recorder.hpp"

namespace flow::testing {

/// Drives one operator without actors, threads or a job: the very object that
/// a job would run. Out is the record type of its main output.
///
///     auto counts = flow::testing::harness_of<word>([](auto words) {
///       return words.key_by(&word::text).reduce(add);
///     });
///     counts.push(word{"a", 1}, 10);
///     counts.watermark(10);
///     CHECK(counts.values() == std::vector{word{"a", 1}});
///
/// Every call returns when the operator has come to rest. Errors, thrown by
/// the author's code or by the operator, are returned and leave the harness
/// fit for restore() alone.
/// @thread one
template <class Out>
class operator_harness {
public:
  using items = std::vector<output_item<Out>>;
  /// Makes the operator; called again for each restore.
  using maker = std::function<std::unique_ptr<operator_base>(
    const std::string& name, receiver<Out>& out)>;

  /// Opens the operator at once; `opened()` says how that went.
  explicit operator_harness(maker make, harness_options options = {})
    : make_(std::move(make)), options_(std::move(options)),
      out_(std::make_unique<recorder<Out>>()) {
    out_->refuse_every_second(options_.refuse_every_second);
    start();
  }

  [[nodiscard]] const expected<void>& opened() const noexcept {
    return opened_;
  }

  /// Says that the operator's side output `tag` is consumed. Before any input.
  template <class T>
  void consume(const output_tag<T>& tag) {
    auto& side = sides_[tag.name()];
    if (!side) {
      side = std::make_unique<typed_side<T>>();
      static_cast<typed_side<T>&>(*side).records.refuse_every_second(
        options_.refuse_every_second);
    }
    side->bind(driver_->op(), tag.name());
  }

  // -- input ------------------------------------------------------------------

  /// One record, in a batch of its own; stamp min_timestamp = none.
  template <class T>
  expected<void> push(T value, timestamp stamp = min_timestamp,
                      std::size_t input = 0) {
    auto batch = record_batch<T>::make();
    batch->append(std::move(value), stamp);
    return driver_->receive(input, std::move(batch));
  }

  /// Several records in one batch.
  template <class T>
  expected<void> push_batch(std::span<const emitted<T>> records,
                            std::size_t input = 0) {
    if (records.empty())
      return {};
    auto batch = record_batch<T>::make();
    for (const auto& each : records)
      batch->append(each.value, each.stamp);
    return driver_->receive(input, std::move(batch));
  }

  expected<void> watermark(timestamp mark, channel_id at = {}) {
    return driver_->watermark(mark, at);
  }
  expected<void> status(stream_status status, channel_id at = {}) {
    return driver_->status(status, at);
  }
  expected<void> end_input(channel_id at = {}) {
    return driver_->end_channel(at);
  }

  /// Sets the clock, which starts at 0. Every processing-time timer due then
  /// has fired when this returns.
  expected<void> set_processing_time(timestamp now) {
    return driver_->set_processing_time(now);
  }

  // -- output -----------------------------------------------------------------

  /// Records, watermarks and statuses since the last call.
  [[nodiscard]] items take() { return out_->take(); }

  /// The records alone, without their timestamps.
  [[nodiscard]] std::vector<Out> values() {
    std::vector<Out> result;
    for (auto& item : take())
      if (auto* record = std::get_if<emitted<Out>>(&item))
        result.push_back(std::move(record->value));
    return result;
  }

  /// What came to a side output that is consumed, since the last call.
  template <class T>
  [[nodiscard]] std::vector<output_item<T>>
  take_side(const output_tag<T>& tag) {
    auto found = sides_.find(tag.name());
    if (found == sides_.end())
      return {};
    return static_cast<typed_side<T>&>(*found->second).records.take();
  }

  // -- state ------------------------------------------------------------------

  /// The state as it is now; the operator goes on.
  expected<operator_snapshot> snapshot() { return driver_->snapshot(); }

  /// Drops the operator without flushing it and its output, and goes on with a
  /// new one that restores `parts`. Watermark and clock start afresh; `first`,
  /// if given, may tell the new one before its state comes, so that nothing
  /// fires that has waited for a watermark to come.
  expected<void> restore(std::span<const operator_snapshot> parts,
                         const std::function<void()>& first = {}) {
    static_cast<void>(out_->take());
    for (auto& [name, side] : sides_)
      side->discard();
    start();
    if (opened_ && first)
      first();
    return opened_ ? driver_->restore(parts) : opened_;
  }
  expected<void> restore(const operator_snapshot& only) {
    return restore({&only, 1});
  }

  [[nodiscard]] const operator_counts& counts() const {
    return driver_->op().counts();
  }
  /// The author's counters by name, since the operator was made.
  [[nodiscard]] std::map<std::string, std::uint64_t> counters() const {
    return driver_->metrics().totals("harness").user_counters;
  }
  [[nodiscard]] operator_base& op() noexcept { return driver_->op(); }

  /// Timers that are registered now, those for the cleanup of windows and join
  /// buffers included. Windows over slices or sessions, which share timers or
  /// have none, count what they would have one by one; after a restore, from
  /// the first watermark on.
  [[nodiscard]] timer_counts timers() { return op().timers(); }
  /// Those of one key. Ends the program for an operator without timers of keys
  /// of that type.
  template <class K>
  [[nodiscard]] timer_counts timers(const K& key) {
    auto* keyed = dynamic_cast<keyed_inspection<K>*>(&op());
    FLOW_ASSERT(keyed != nullptr,
                "the operator has no timers of keys of this type");
    return keyed->timers_of(key);
  }

  /// What an interval join of A and B holds of a key. Ends the program for
  /// other operators.
  template <class A, class B, class K>
  [[nodiscard]] join_buffers<A, B> buffers(const K& key) {
    auto* join = dynamic_cast<join_inspection<K, A, B>*>(&op());
    FLOW_ASSERT(join != nullptr,
                "the operator does not join records of these types by time");
    return join->buffers_of(key);
  }

  /// Of an asynchronous function: requests on their way, and whether that of
  /// one more record would be made at once. Ends the program for others.
  [[nodiscard]] std::size_t in_flight() { return asking().in_flight(); }
  [[nodiscard]] bool can_accept() { return asking().can_accept(); }

private:
  [[nodiscard]] async_inspection& asking() {
    auto* found = dynamic_cast<async_inspection*>(&op());
    FLOW_ASSERT(found != nullptr, "the operator asks nobody");
    return *found;
  }

  struct side_base {
    virtual ~side_base() = default;
    virtual void bind(operator_base& op, const std::string& tag) = 0;
    virtual void discard() = 0;
  };

  template <class T>
  struct typed_side final : side_base {
    void bind(operator_base& op, const std::string& tag) override {
      op.sides().template bind<T>(tag, records);
    }
    void discard() override { static_cast<void>(records.take()); }
    recorder<T> records;
  };

  void start() {
    driver_.reset();
    driver_ =
      std::make_unique<operator_driver>(make_("operator", *out_), options_);
    for (auto& [name, side] : sides_)
      side->bind(driver_->op(), name);
    opened_ = driver_->open();
  }

  maker make_;
  harness_options options_;
  std::unique_ptr<recorder<Out>> out_;
  std::map<std::string, std::unique_ptr<side_base>> sides_;
  std::unique_ptr<operator_driver> driver_; // after what it writes to
  expected<void> opened_;
};

} // namespace flow::testing
