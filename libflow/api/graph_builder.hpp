#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libflow/api/node_code.hpp"
#include "libflow/core/codec.hpp"
#include "libflow/core/owned.hpp"
#include "libflow/core/type_name.hpp"
#include "libflow/graph/stream_graph.hpp"
#include "libflow/time/time_domain.hpp"

namespace flow {

/// What the streams of one program share: the graph they write.
/// Owner: the environment and every stream made from it. One thread.
struct graph_builder {
  stream_graph graph;
  /// Arguments of verbs that cannot be used; reported by `execute`.
  std::vector<error> errors;
  /// Told once that the job has ended, by programs that run it in their own
  /// actor system. @thread any
  std::vector<std::function<void()>> when_ended;
  /// Of sources and shorthands that are still to come.
  time_characteristic time = time_characteristic::event;

  /// The time of windows that name none.
  [[nodiscard]] time_domain window_time() const noexcept {
    return time == time_characteristic::processing ? time_domain::processing
                                                   : time_domain::event;
  }
};

/// Where a stream comes from and how the next operator will receive it. More
/// than one origin is a union.
struct stream_origin {
  node_id node{};
  std::optional<std::string> side_output;
  std::optional<partitioning> how;
  std::shared_ptr<const edge_code> code;
};

namespace detail {

/// A concept for a static_assert that is to say its own text alone: asked for
/// by its name it would add a page of reasons.
template <bool Satisfied>
inline constexpr bool fits = Satisfied;

template <class T>
constexpr void check_record() {
  static_assert(fits<codable<T>>,
                "flow: this record type cannot be encoded; give its fields, "
                "or a Cereal serialize function, and hold no pointers");
}

/// What an edge of one record type is made of.
struct edge_type {
  std::string name; ///< of the record type, for messages
  /// For edges without a partitioner of their own.
  std::shared_ptr<const edge_code> plain;
};

template <class T>
const edge_type& edge_type_of() {
  static const edge_type instance{
    type_name<T>(), make_owned<const edge_code, plain_exchange<T>>()};
  return instance;
}

void add_edges(graph_builder& builder,
               const std::vector<stream_origin>& origins, node_id to,
               std::uint32_t input, bool wait_for, const edge_type& type);

/// Adds an operator with one input and returns where its output comes from.
node_id add_one_input(graph_builder& builder,
                      const std::vector<stream_origin>& origins,
                      stream_node&& node, input_rule rule,
                      const edge_type& type);

template <class T>
void add_edges(graph_builder& builder,
               const std::vector<stream_origin>& origins, node_id to,
               std::uint32_t input, bool wait_for = false) {
  add_edges(builder, origins, to, input, wait_for, edge_type_of<T>());
}

template <class In>
node_id add_one_input(graph_builder& builder,
                      const std::vector<stream_origin>& origins,
                      stream_node node, input_rule rule = input_rule::any) {
  return add_one_input(builder, origins, std::move(node), rule,
                       edge_type_of<In>());
}

/// The record type that a flat_map or process function emits, read from its
/// collector parameter. Functions with a template for a call operator do not
/// tell; they need it named: `flat_map<Out>(f)`.
struct deduced {};

template <class Signature>
struct emitted_type;

template <class T>
struct collector_type {
  using type = deduced;
};
template <class T>
struct collector_type<collector<T>&> {
  using type = T;
};

template <class... Args>
struct last_argument {
  using type = void;
};
template <class First, class... Rest>
struct last_argument<First, Rest...> {
  using type = typename last_argument<Rest...>::type;
};
template <class Last>
struct last_argument<Last> {
  using type = Last;
};

template <class R, class C, class... Args>
struct emitted_type<R (C::*)(Args...)>
  : collector_type<typename last_argument<Args...>::type> {};
template <class R, class C, class... Args>
struct emitted_type<R (C::*)(Args...) const>
  : collector_type<typename last_argument<Args...>::type> {};

template <class R, class... Args>
struct emitted_type<R (*)(Args...)>
  : collector_type<typename last_argument<Args...>::type> {};

template <class Function>
constexpr auto deduce_emitted() {
  if constexpr (requires { &Function::operator(); })
    return std::type_identity<
      typename emitted_type<decltype(&Function::operator())>::type>{};
  else if constexpr (requires { &Function::process; })
    return std::type_identity<
      typename emitted_type<decltype(&Function::process)>::type>{};
  else if constexpr (requires { &Function::process_first; })
    return std::type_identity<
      typename emitted_type<decltype(&Function::process_first)>::type>{};
  else if constexpr (requires { typename emitted_type<Function>::type; })
    return std::type_identity<typename emitted_type<Function>::type>{};
  else
    return std::type_identity<deduced>{};
}

/// Out as named by the caller, else as the function's collector says.
template <class Named, class Function>
using emitted_by =
  std::conditional_t<std::is_same_v<Named, deduced>,
                     typename decltype(deduce_emitted<Function>())::type,
                     Named>;

} // namespace detail

} // namespace flow
