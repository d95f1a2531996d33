#pragma once

#include <string>

namespace flow {

/// Names a state that holds one value per key. The name is what a restore
/// finds the state by; it is unique within its operator.
template <class T>
struct value_state_descriptor {
  std::string name;
  T default_value{}; ///< what a key without a value reads
};

/// Names an operator state whose entries are dealt out evenly over the
/// subtasks when the parallelism changes.
template <class T>
struct list_state_descriptor {
  std::string name;
};

/// Names an operator state of which every subtask gets all entries at a
/// restore: the operator has to drop those that are not its own, or they
/// multiply from restart to restart.
template <class T>
struct union_list_state_descriptor {
  std::string name;
};

/// Names an operator state that is the same in every subtask.
template <class Key, class Value>
struct broadcast_state_descriptor {
  std::string name;
};

} // namespace flow
