#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "libflow/state/state_ttl.hpp"

namespace flow {

// A name is what a restore finds a state by; it is unique within its operator.
// A `version` other than 0 stands in the snapshot; a restore into another one
// is refused: for types whose encoding stayed while its meaning changed.

/// Names a state that holds one value per key.
template <class T>
struct value_state_descriptor {
  std::string name;
  T default_value{}; ///< what a key without a value reads
  std::optional<state_ttl> ttl{};
  std::uint32_t version = 0;
};

/// Names a state that holds a list: per key, or, of an operator, one whose
/// entries are dealt out evenly over the subtasks when the parallelism changes
/// (without a time to live).
template <class T>
struct list_state_descriptor {
  std::string name;
  std::optional<state_ttl> ttl{};
  std::uint32_t version = 0;
};

/// Names a state that holds a map per key.
template <class Key, class Value>
struct map_state_descriptor {
  std::string name;
  std::optional<state_ttl> ttl{};
  std::uint32_t version = 0;
};

/// Names a state that holds one value per key, made of all that was added by
/// `T(const T&, const T&)`.
template <class T, class Function>
struct reducing_state_descriptor {
  std::string name;
  Function function;
  std::optional<state_ttl> ttl{};
  std::uint32_t version = 0;
};

template <class T, class Function>
[[nodiscard]] reducing_state_descriptor<T, Function>
reducing_state_of(std::string name, Function function) {
  return {std::move(name), std::move(function)};
}

/// Names a state that holds an accumulator per key; the function is an
/// aggregate function (state/aggregate_function.hpp).
template <class In, class Function>
struct aggregating_state_descriptor {
  std::string name;
  Function function{};
  std::optional<state_ttl> ttl{};
  std::uint32_t version = 0;
};

/// Names an operator state of which every subtask gets all entries at a
/// restore: the operator has to drop those that are not its own, or they
/// multiply from restart to restart.
template <class T>
struct union_list_state_descriptor {
  std::string name;
  std::uint32_t version = 0;
};

/// Names an operator state that is the same in every subtask.
template <class Key, class Value>
struct broadcast_state_descriptor {
  std::string name;
};

namespace detail {

/// Names a state of one of the engine's operators. It has no time to live, and
/// a job has no code for one: a table and all that goes with it less.
template <class T>
struct lasting_value_descriptor {
  std::string name;
  T default_value{};
  std::uint32_t version = 0;
};

template <class T>
struct lasting_list_descriptor {
  std::string name;
  std::uint32_t version = 0;
};

/// A state of which its author says when it is made whether it expires.
template <class Descriptor>
concept may_expire = requires(const Descriptor& wanted) {
  wanted.ttl;
};

} // namespace detail

} // namespace flow
