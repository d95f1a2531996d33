#pragma once

namespace flow {

/// Which parts of the published interface this version has. A flag, key or
/// value of a part that it lacks is recognised and refused, never ignored.
struct built_parts {
  bool savepoints = false;    ///< execution.checkpointing.savepoint-dir
  bool leveldb_state = false; ///< state.backend.type = leveldb, io.tmp.dirs
  bool memory_budget = false; ///< taskmanager.memory.process.size
};

/// The one place to change when a part is added.
inline constexpr built_parts built{};

} // namespace flow
