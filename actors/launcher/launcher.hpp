#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

#include "libflow/core/error.hpp"

namespace flow {

/// How a worker process ended.
struct worker_exit {
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  bool started = true;  ///< false: it could not be started
  std::string how;      ///< "was killed by signal 9 (Killed)"
  std::string last_log; ///< the last lines it wrote to stderr
  double cpu_seconds = 0;
  std::uint64_t peak_rss_bytes = 0;
};

/// Starts worker processes: the program of this process again, with its
/// arguments and environment. They are children of a process of one thread,
/// forked here, so that no descriptor, lock or thread of the job gets into
/// them, and their death is seen. Each has a process group of its own and dies
/// with the launcher, the launcher with this process: however that ends.
/// What workers write to their standard streams comes out of those of this
/// process, line by line.
///
/// Owner: the cluster. Its end kills what still runs and waits for it.
/// @thread any; callbacks come from one of its own, and must not end it
class launcher {
public:
  using on_exit = std::function<void(const worker_exit&)>;
  /// The launcher itself is gone, and all workers with it.
  using on_lost = std::function<void()>;

  static constexpr std::uint32_t max_workers = 256;
  static constexpr std::size_t max_spec_bytes = 32 * 1024;

  /// Errors: io.
  static expected<std::unique_ptr<launcher>> start(on_exit exited,
                                                   on_lost lost);

  launcher(const launcher&) = delete;
  launcher& operator=(const launcher&) = delete;
  ~launcher();

  /// Starts worker number `worker`. `spec` is for the worker's eyes alone
  /// (`inherited_worker_spec`); at most `max_spec_bytes`.
  /// @pre it does not run
  void start_worker(std::uint32_t worker, std::uint32_t incarnation,
                    const std::string& spec);

  /// Kills it if that incarnation still runs; `exited` follows.
  void kill_worker(std::uint32_t worker, std::uint32_t incarnation);

private:
  launcher(int socket, pid_t process, on_exit exited, on_lost lost);
  void listen();

  const int socket_;
  const pid_t process_;
  const on_exit exited_;
  const on_lost lost_;
  std::thread listening_;
};

/// In a worker process: what start_worker was given. Read once; io when it
/// cannot be.
expected<std::string> inherited_worker_spec();

} // namespace flow
