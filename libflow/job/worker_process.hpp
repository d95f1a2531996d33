#pragma once

namespace flow {

/// The environment variable that tells a program it is a worker process of a
/// job which another process runs; its value is the launcher's business.
inline constexpr const char* worker_variable = "FLOW_WORKER_SPEC";

/// True in a worker process (`--processes N`): `main` builds the same graph,
/// and executing it serves subtasks until the job has ended, then ends the
/// process. So what a program does to the world before it executes, such as
/// emptying a directory, it must leave out here.
/// @thread any, as long as nobody changes the environment
[[nodiscard]] bool in_worker_process() noexcept;

} // namespace flow
