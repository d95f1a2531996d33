#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libflow/core/owned.hpp"
#include "libflow/core/receiver.hpp"
#include "libflow/exchange/batch_codec.hpp"
#include "libflow/exchange/batch_writer.hpp"
#include "libflow/graph/job_graph.hpp"
#include "libflow/graph/stream_graph.hpp"
#include "libflow/operators/operator.hpp"
#include "libflow/operators/user_error.hpp"

/// What the API hangs on the nodes and edges of a stream graph so that the
/// runtime, which knows no record types, can build a task. Constant once in
/// the graph; any thread may call.
namespace flow {

/// What has to be done with streams of one record type.
struct record_type {
  virtual ~record_type() = default;

  [[nodiscard]] virtual std::unique_ptr<receiver_base> make_null() const = 0;

  /// Hands one stream to all `targets`, which outlive the result.
  [[nodiscard]] virtual std::unique_ptr<receiver_base>
  make_fan_out(const std::vector<receiver_base*>& targets) const = 0;

  virtual void bind_side_output(operator_base& from, const std::string& tag,
                                receiver_base& target) const = 0;
};

template <class T>
struct typed_record_type final : record_type {
  [[nodiscard]] std::unique_ptr<receiver_base> make_null() const override {
    return make_owned<receiver_base, null_receiver<T>>();
  }

  [[nodiscard]] std::unique_ptr<receiver_base>
  make_fan_out(const std::vector<receiver_base*>& targets) const override {
    for (auto* target : targets)
      static_cast<void>(typed_receiver(*target)); // all of this type
    return make_owned<receiver_base, fan_out<T>>(targets);
  }

  void bind_side_output(operator_base& from, const std::string& tag,
                        receiver_base& target) const override {
    from.sides().template bind<T>(tag, typed_receiver(target));
  }

  static receiver<T>& typed_receiver(receiver_base& erased) {
    auto* result = dynamic_cast<receiver<T>*>(&erased);
    FLOW_ASSERT(result != nullptr, "an edge joins two record types");
    return *result;
  }
};

template <class T>
const record_type& record_type_of() {
  static const typed_record_type<T> instance;
  return instance;
}

/// Makes the operator of a node, once per subtask.
struct operator_code : node_code {
  /// @pre `out` receives records of the node's output type and outlives the
  ///      operator
  [[nodiscard]] virtual std::unique_ptr<operator_base>
  make(const std::string& name, receiver_base& out) const = 0;

  /// Null for a sink.
  [[nodiscard]] virtual const record_type* out_type() const = 0;

  /// Sources only: null when readers know their share from their index.
  [[nodiscard]] virtual std::unique_ptr<split_coordinator>
  make_coordinator() const {
    return nullptr;
  }

  /// True when the subtask needs a thread of its own.
  [[nodiscard]] virtual bool blocking() const { return false; }
};

/// The code of an operator of a deployed graph.
[[nodiscard]] inline const operator_code&
code_of(const job_operator& described) {
  return static_cast<const operator_code&>(*described.node.code);
}

/// `Make` is (const std::string&, receiver<Out>&) -> unique_ptr<operator_base>.
template <class Out, class Make>
struct typed_operator_code final : operator_code {
  explicit typed_operator_code(Make how) : make_(std::move(how)) {}

  [[nodiscard]] std::unique_ptr<operator_base>
  make(const std::string& name, receiver_base& out) const override {
    return make_(name, typed_record_type<Out>::typed_receiver(out));
  }
  [[nodiscard]] const record_type* out_type() const override {
    return &record_type_of<Out>();
  }

private:
  Make make_;
};

template <class Out, class Make>
std::shared_ptr<const operator_code> operator_code_of(Make make) {
  return make_owned<const operator_code, typed_operator_code<Out, Make>>(
    std::move(make));
}

/// Where a port stands: filled in by the runtime when a task is built.
struct port_plan {
  partitioning how = partitioning::forward;
  std::uint32_t channels = 1;
  std::uint32_t subtask = 0;
  std::uint32_t max_parallelism = 1; ///< of the receiving vertex
  std::string operator_name;         ///< of the sender, for errors
};

/// A router that calls functions of the author's: when one throws, the task
/// fails with the operator's name and the record.
template <class Router>
struct reporting_router : Router {
  reporting_router(Router router, std::string name)
    : Router(std::move(router)), operator_name(std::move(name)) {}

  /// @pre called from a catch block
  template <class T>
  [[noreturn]] void failed(const T& record) const {
    rethrow_as_task_failure(operator_name, describe_record(record));
  }

  std::string operator_name;
};

/// Makes the sending side of an edge, and names its record type.
struct exchange_code : edge_code {
  [[nodiscard]] virtual const record_type& type() const = 0;

  /// For an edge that leaves the process.
  [[nodiscard]] virtual const batch_codec& codec() const = 0;
  [[nodiscard]] virtual std::unique_ptr<output_port>
  make_port(const port_plan& plan, channel_sink& target) const = 0;
};

template <class T, class Key = void>
const batch_codec& batch_codec_of() {
  static const typed_batch_codec<T, Key> instance;
  return instance;
}

/// What a keyed edge ships beside the records: the type of keys that its
/// selector computes; keys that are members of the record need no column.
template <class T, class Selector>
using shipped_key = std::conditional_t<
  std::is_reference_v<std::invoke_result_t<Selector&, const T&>>, void,
  std::remove_cvref_t<std::invoke_result_t<Selector&, const T&>>>;

/// Edges whose routing needs neither key nor function.
template <class T>
struct plain_exchange final : exchange_code {
  [[nodiscard]] const record_type& type() const override {
    return record_type_of<T>();
  }
  [[nodiscard]] const batch_codec& codec() const override {
    return batch_codec_of<T>();
  }

  [[nodiscard]] std::unique_ptr<output_port>
  make_port(const port_plan& plan, channel_sink& target) const override {
    const bool to_all = plan.how == partitioning::broadcast;
    if (to_all || plan.channels == 1 || plan.how == partitioning::forward
        || plan.how == partitioning::global)
      return make_owned<output_port, batch_writer<T, whole_router>>(
        target, plan.channels, whole_router{to_all});
    using order = spread_router::order;
    const bool random = plan.how == partitioning::shuffle;
    FLOW_ASSERT(random || plan.how == partitioning::rebalance
                  || plan.how == partitioning::rescale,
                "this partitioning needs a key or a function");
    return make_owned<output_port, batch_writer<T, spread_router>>(
      target, plan.channels,
      spread_router{random ? order::random : order::round_robin, plan.channels,
                    plan.subtask});
  }
};

template <class T, class Selector>
struct keyed_exchange final : exchange_code {
  explicit keyed_exchange(Selector key) : selector(std::move(key)) {}

  [[nodiscard]] const record_type& type() const override {
    return record_type_of<T>();
  }
  [[nodiscard]] const batch_codec& codec() const override {
    return batch_codec_of<T, shipped_key<T, Selector>>();
  }
  [[nodiscard]] std::unique_ptr<output_port>
  make_port(const port_plan& plan, channel_sink& target) const override {
    using router = reporting_router<key_router<Selector>>;
    return make_owned<output_port, batch_writer<T, router>>(
      target, plan.channels,
      router{{selector, plan.channels, plan.max_parallelism},
             plan.operator_name});
  }

  Selector selector;
};

template <class T, class Function>
struct custom_exchange final : exchange_code {
  explicit custom_exchange(Function f) : function(std::move(f)) {}

  [[nodiscard]] const record_type& type() const override {
    return record_type_of<T>();
  }
  [[nodiscard]] const batch_codec& codec() const override {
    return batch_codec_of<T>();
  }
  [[nodiscard]] std::unique_ptr<output_port>
  make_port(const port_plan& plan, channel_sink& target) const override {
    using router = reporting_router<custom_router<Function>>;
    return make_owned<output_port, batch_writer<T, router>>(
      target, plan.channels,
      router{{function, plan.channels}, plan.operator_name});
  }

  Function function;
};

} // namespace flow
