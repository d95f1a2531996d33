#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <tuple>
#include <utility>
#include <vector>

#include "libflow/windows/slice_window_operator.hpp"
#include "libflow/windows/tumbling.hpp"
#include "test/support/collecting_receiver.hpp"

namespace flow::window_test {

inline tumbling_windows tumbling(std::int64_t size, std::int64_t offset = 0) {
  return *tumbling_windows::make(duration_ms{size}, duration_ms{offset});
}

template <class K>
struct reading {
  K key{};
  std::int64_t value = 0;
  friend bool operator==(const reading&, const reading&) = default;
};

/// Sum and number of the readings of one key and window.
template <class K>
struct total {
  K key{};
  timestamp start = 0;
  std::int64_t sum = 0;
  std::int64_t count = 0;
  friend bool operator==(const total&, const total&) = default;
  friend std::ostream& operator<<(std::ostream& out, const total& t) {
    return out << t.key << '@' << t.start << ':' << t.sum << '/' << t.count;
  }
};

struct sum_function {
  struct accumulator {
    std::int64_t sum = 0;
    std::int64_t count = 0;
  };
  template <class K>
  void add(accumulator& acc, const reading<K>& value) const {
    acc.sum += value.value;
    ++acc.count;
  }
  accumulator result(const accumulator& acc) const { return acc; }
};

struct emit_total {
  template <class K>
  void operator()(const window_context<K>& context,
                  const sum_function::accumulator& result,
                  collector<total<K>>& out) const {
    out.emit({context.key(), context.window().start, result.sum, result.count});
  }
};

inline operator_context place(std::uint32_t index = 0,
                              std::uint32_t parallelism = 1) {
  operator_context result;
  result.place.subtask_index = index;
  result.place.parallelism = parallelism;
  return result;
}

/// One window operator between its receivers.
template <class In, class Out, class Operator>
class harness {
public:
  using row = typename collecting_receiver<Out>::row;

  template <class... Args>
  explicit harness(const operator_context& context, Args&&... args)
    : op_(
      std::make_unique<Operator>("window", out, std::forward<Args>(args)...)) {
    op_->sides().template bind<In>("late", late);
    op_->open(context);
  }

  Operator& op() { return *op_; }

  /// Feeds one batch.
  void feed(std::vector<std::pair<In, timestamp>> records) {
    auto batch = record_batch<In>::make();
    for (auto& [value, stamp] : records)
      batch->append(value, stamp);
    if (!batch->empty())
      op_->receive(std::move(batch));
    drain();
  }
  void feed(In value, timestamp stamp) { feed({{std::move(value), stamp}}); }

  void advance(timestamp mark) {
    op_->receive_watermark(mark);
    drain();
  }

  /// Goes on until nothing is held back; counts the pauses.
  void drain() {
    while (op_->pending()) {
      out.make_room();
      op_->resume();
      ++pauses;
    }
  }

  std::vector<Out> take() {
    std::vector<Out> values;
    for (auto& each : out.take())
      values.push_back(std::move(each.value));
    return values;
  }

  collecting_receiver<Out> out;
  collecting_receiver<In> late;
  std::size_t pauses = 0;

private:
  std::unique_ptr<Operator> op_;
};

struct by_member {
  template <class K>
  const K& operator()(const reading<K>& value) const {
    return value.key;
  }
};

/// Sums per key and tumbling window.
template <class K>
using sum_operator =
  slice_window_operator<reading<K>, total<K>, by_member, tumbling_windows,
                        aggregate_fold<reading<K>, sum_function>,
                        process_result<emit_total>>;

template <class K>
class sums : public harness<reading<K>, total<K>, sum_operator<K>> {
public:
  explicit sums(tumbling_windows windows, std::int64_t lateness = 0,
                const operator_context& context = place())
    : harness<reading<K>, total<K>, sum_operator<K>>(
      context, by_member{}, windows,
      aggregate_fold<reading<K>, sum_function>{{}},
      process_result<emit_total>{{}},
      window_options<reading<K>>{duration_ms{lateness},
                                 output_tag<reading<K>>{"late"}}) {}
};

} // namespace flow::window_test
