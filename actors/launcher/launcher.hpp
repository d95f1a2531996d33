#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

#include "libflow/core/error.hpp"

namespace flow::launching {
struct event;
}

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
/// with that process, and that with this one: however it ends. Should it end
/// alone, `exited` is called for each worker once it is dead (one that was only
/// just being started is dying), without its CPU time and memory, and another
/// process takes its place.
/// What workers write to their standard streams comes out of those of this
/// process, line by line.
///
/// Owner: the cluster. Its end kills what still runs and waits for it.
/// @thread any; callbacks come from one of its own, and must not end it
class launcher {
public:
  using on_exit = std::function<void(const worker_exit&)>;
  /// The process that starts workers is gone, they with it, and the system
  /// refuses another.
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
  class program;

  /// The process that starts workers, and this side of the pair of sockets.
  struct helper {
    pid_t process = 0;
    int socket = -1;
  };
  /// A worker that was asked for and whose end has not been told.
  struct running_worker {
    std::uint32_t incarnation = 0;
    pid_t process = 0; ///< 0: not known yet
    int handle = -1;   ///< pidfd, as `process`
  };
  using running_workers = std::map<std::uint32_t, running_worker>;

  launcher(std::unique_ptr<const program> started, helper first, on_exit exited,
           on_lost lost);
  static expected<helper> fork_helper(const program& started);
  void listen();
  void note(const launching::event& what);
  void note_start(std::uint32_t worker, std::uint32_t incarnation);
  bool replace_helper();
  void report_orphans(const running_workers& orphans, const std::string& how);

  const std::unique_ptr<const program> program_;
  const on_exit exited_;
  const on_lost lost_;
  std::mutex orders_;   // held while an order is sent, which may have to wait
  helper helper_;       // changed by listening_ alone, under orders_
  bool ending_ = false; // of orders_
  std::mutex mutex_;    // for moments: the helper waits for who listens
  running_workers running_; // of mutex_
  std::thread listening_;
};

/// In a worker process: what start_worker was given. Read once; io when it
/// cannot be.
expected<std::string> inherited_worker_spec();

} // namespace flow
