#pragma once

#include "libflow/api/collected.hpp"
#include "libflow/api/print_sink.hpp"
#include "libflow/api/stream_base.hpp"
#include "libflow/core/owned.hpp"
#include "libflow/functions/async_options.hpp"
#include "libflow/functions/function.hpp"
#include "libflow/functions/watermark_strategy.hpp"
#include "libflow/operators/filter.hpp"
#include "libflow/operators/flat_map.hpp"
#include "libflow/operators/map.hpp"
#include "libflow/operators/process.hpp"
#include "libflow/operators/sink_operator.hpp"
#include "libflow/operators/watermarks.hpp"

namespace flow {

template <class Key, class T, class Selector>
class keyed_stream;

template <class A, class B>
class connected_streams;

/// A stream of records of type T, as the author composes it. Nothing runs
/// before `stream_environment::execute`.
///
/// A stream is a value: copies name the same stream. Verbs add an operator and
/// return the stream of its results; `name`, `uid`, `set_parallelism` and the
/// chaining verbs change the operator that was added last. All calls from the
/// thread that writes the job. What is wrong with the graph as a whole is
/// reported by `execute`, naming the operator.
template <class T>
class data_stream : public stream_base {
public:
  using record = T;

  data_stream(std::shared_ptr<graph_builder> builder,
              std::vector<stream_origin> origins)
    : stream_base(std::move(builder), std::move(origins)) {
    detail::check_record<T>();
  }
  data_stream(std::shared_ptr<graph_builder> builder, node_id node)
    : stream_base(std::move(builder), node) {
    detail::check_record<T>();
  }

  // -- transformations --------------------------------------------------------

  /// One record out for each in: `R f(const T&)`.
  template <class Function>
  auto map(Function function) const {
    static_assert(detail::fits<map_function<Function, T>>,
                  "flow: map needs a function R(const T&)");
    if constexpr (map_function<Function, T>) {
      using out = map_result<Function, T>;
      return add<out>(
        operator_kind::map, [function = std::move(function)](
                              const std::string& name, receiver<out>& to) {
          return make_owned<operator_base, map_operator<T, out, Function>>(
            name, to, function);
        });
    }
  }

  /// Keeps the records for which `bool f(const T&)` holds.
  template <class Function>
  data_stream filter(Function function) const {
    static_assert(detail::fits<filter_function<Function, T>>,
                  "flow: filter needs a function bool(const T&)");
    if constexpr (filter_function<Function, T>)
      return add<T>(
        operator_kind::filter, [function = std::move(function)](
                                 const std::string& name, receiver<T>& to) {
          return make_owned<operator_base, filter_operator<T, Function>>(
            name, to, function);
        });
    else
      return *this;
  }

  /// Any number of records out: `void f(const T&, collector<Out>&)`.
  template <class Named = detail::deduced, class Function>
  auto flat_map(Function function) const {
    using out = detail::emitted_by<Named, Function>;
    static_assert(detail::fits<flat_map_function<Function, T, out>>,
                  "flow: flat_map needs a function void(const T&, "
                  "collector<Out>&); name Out when it cannot be deduced");
    if constexpr (flat_map_function<Function, T, out>)
      return add<out>(
        operator_kind::flat_map, [function = std::move(function)](
                                   const std::string& name, receiver<out>& to) {
          return make_owned<operator_base, flat_map_operator<T, out, Function>>(
            name, to, function);
        });
  }

  /// A function that answers later, through a promise: `void f(const T&,
  /// async_promise<Out>)` (functions/async_promise.hpp). Results in the order
  /// of the records, or in any order between two watermarks. Needs
  /// `api/async_stream.hpp`.
  template <class Out, class Function>
  data_stream<Out> async_ordered(Function function,
                                 async_options options = {}) const;
  template <class Out, class Function>
  data_stream<Out> async_unordered(Function function,
                                   async_options options = {}) const;

  /// Timestamps, watermarks and side outputs in sight:
  /// `void f(const T&, process_context&, collector<Out>&)`.
  template <class Named = detail::deduced, class Function>
  auto process(Function function) const {
    using out = detail::emitted_by<Named, Function>;
    static_assert(detail::fits<process_function<Function, T, out>>,
                  "flow: process needs a function void(const T&, "
                  "process_context&, collector<Out>&); name Out when it "
                  "cannot be deduced");
    if constexpr (process_function<Function, T, out>)
      return add<out>(
        operator_kind::process, [function = std::move(function)](
                                  const std::string& name, receiver<out>& to) {
          return make_owned<operator_base, process_operator<T, out, Function>>(
            name, to, function);
        });
  }

  /// Timestamps from the records, watermarks by the strategy (see
  /// functions/watermark_strategy.hpp). Replaces watermarks from upstream,
  /// apart from the last.
  template <class Strategy>
  data_stream assign_timestamps_and_watermarks(Strategy strategy) const {
    static_assert(detail::fits<watermark_strategy_for<Strategy, T>>,
                  "flow: this watermark strategy does not fit the record "
                  "type: it reads a record's time by a pointer to a member or "
                  "a function timestamp(const T&)");
    if constexpr (watermark_strategy_for<Strategy, T>) {
      auto result =
        add<T>(operator_kind::watermarks, [strategy](const std::string& name,
                                                     receiver<T>& to) {
          return make_owned<operator_base, watermark_operator<T, Strategy>>(
            name, to, strategy);
        });
      result.last().add_note("watermarks", strategy.describe());
      if constexpr (requires { strategy.alignment(); })
        result.last().alignment = strategy.alignment();
      return result;
    } else {
      return *this;
    }
  }

  // -- keys, unions, connections ----------------------------------------------

  /// Partitions by key: a pointer to a member (`&T::field`) or a pure function
  /// of the record. One key's records go to one subtask, in order.
  template <class Selector>
  auto key_by(Selector selector) const;

  /// Windows over all records, in one subtask.
  template <class Windows>
  auto window_all(Windows windows) const;
  /// Of the named time, else of the job's.
  [[nodiscard]] auto
  time_window_all(duration_ms size, std::optional<time_domain> time = {}) const;
  [[nodiscard]] auto
  time_window_all(duration_ms size, duration_ms slide,
                  std::optional<time_domain> time = {}) const;
  [[nodiscard]] auto count_window_all(std::int64_t n) const;
  [[nodiscard]] auto count_window_all(std::int64_t n, std::int64_t slide) const;

  /// This stream and others of the same type as one; no order between them.
  template <class... Others>
  data_stream union_with(const Others&... others) const {
    static_assert(detail::fits<(std::is_same_v<Others, data_stream> && ...)>,
                  "flow: union_with needs streams of the same record type");
    data_stream result = *this;
    (result.unite(others), ...);
    return result;
  }

  /// This stream and one of another type, for functions of two inputs.
  template <class Other>
  connected_streams<T, Other> connect(const data_stream<Other>& other) const;

  /// The records that the last operator emitted to `tag`.
  template <class Side>
  data_stream<Side> side_output(const output_tag<Side>& tag) const {
    return data_stream<Side>{
      side_output_of(tag.name(), detail::edge_type_of<Side>().plain)};
  }

  // -- partitioning of the next edge ------------------------------------------

  data_stream forward() const { return partitioned(partitioning::forward); }
  data_stream rebalance() const { return partitioned(partitioning::rebalance); }
  data_stream rescale() const { return partitioned(partitioning::rescale); }
  data_stream shuffle() const { return partitioned(partitioning::shuffle); }
  data_stream global() const { return partitioned(partitioning::global); }
  data_stream broadcast() const { return partitioned(partitioning::broadcast); }

  /// Channel by `std::uint32_t f(const T&, std::uint32_t channel_count)`.
  template <class Function>
  data_stream partition_custom(Function function) const {
    static_assert(
      std::is_invocable_r_v<std::uint32_t, Function&, const T&, std::uint32_t>,
      "flow: partition_custom needs a function std::uint32_t(const T&, "
      "std::uint32_t channel_count)");
    return partitioned(
      partitioning::custom,
      make_owned<const edge_code, custom_exchange<T, Function>>(
        std::move(function)));
  }

  // -- ends -------------------------------------------------------------------

  stream_sink sink_to(std::shared_ptr<const sink<T>> target) const {
    return stream_sink{builder(), add_sink(std::move(target))};
  }

  /// Prints each record on a line of standard output, behind the number of
  /// the subtask when there are several.
  stream_sink print() const requires printable_record<T> {
    return sink_to(make_owned<const sink<T>, print_sink<T>>());
  }

  /// Gathers the records in this process; for tests and small results. Read
  /// them after `execute` has returned.
  [[nodiscard]] collected<T> collect() const {
    auto target = std::make_shared<collect_sink<T>>();
    collected<T> result{target->results()};
    add_sink(std::move(target));
    return result;
  }

  // -- the operator added last ------------------------------------------------

  data_stream& name(std::string value) {
    set_name(std::move(value));
    return *this;
  }
  data_stream& uid(std::string value) {
    set_uid(std::move(value));
    return *this;
  }
  data_stream& set_parallelism(int value) {
    last().parallelism = value;
    return *this;
  }
  data_stream& set_max_parallelism(int value) {
    last().max_parallelism = value;
    return *this;
  }
  data_stream& start_new_chain() {
    last().chaining = chaining_strategy::head;
    return *this;
  }
  data_stream& disable_chaining() {
    last().chaining = chaining_strategy::never;
    return *this;
  }
  /// What becomes of records whose function throws; see
  /// functions/error_policy.hpp.
  data_stream& on_error(const error_policy& policy) {
    set_error_policy(policy);
    return *this;
  }
  data_stream& slot_sharing_group(std::string value) {
    set_slot_sharing_group(std::move(value));
    return *this;
  }

private:
  template <class Other>
  friend class data_stream;

  explicit data_stream(stream_base origin) : stream_base(std::move(origin)) {
    detail::check_record<T>();
  }

  template <class Out, class Function>
  data_stream<Out> add_async(Function function, async_order order,
                             async_options options) const;

  template <class Out, class Make>
  data_stream<Out> add(operator_kind kind, Make make) const {
    stream_node node;
    node.kind = kind;
    node.out_type = type_name<Out>();
    node.code = operator_code_of<Out>(std::move(make));
    const node_id id =
      detail::add_one_input<T>(*builder(), origins(), std::move(node));
    return {builder(), id};
  }

  node_id add_sink(std::shared_ptr<const sink<T>> target) const {
    stream_node node;
    node.kind = operator_kind::sink;
    node.name = target->kind();
    node.guarantee =
      detail::guarantee_of_sink(target->kind(), target->guarantee());
    // What it has prepared and not committed has to be found again.
    node.stateful = target->guarantee() == sink_guarantee::exactly_once;
    const bool blocking = target->blocking();
    node.code =
      make_owned<const node_code, sink_code>(std::move(target), blocking);
    return detail::add_one_input<T>(*builder(), origins(), std::move(node));
  }

  struct sink_code final : operator_code {
    sink_code(std::shared_ptr<const sink<T>> described, bool blocks)
      : target(std::move(described)), blocking_(blocks) {}

    [[nodiscard]] std::unique_ptr<operator_base>
    make(const std::string& name, receiver_base&) const override {
      return make_owned<operator_base, sink_operator<T>>(name,
                                                         target->make_writer());
    }
    [[nodiscard]] const record_type* out_type() const override {
      return nullptr;
    }
    [[nodiscard]] bool blocking() const override { return blocking_; }

    std::shared_ptr<const sink<T>> target;
    bool blocking_;
  };

  data_stream
  partitioned(partitioning how,
              std::shared_ptr<const edge_code> code = nullptr) const {
    data_stream result = *this;
    result.partition(how, std::move(code));
    return result;
  }
};

} // namespace flow
