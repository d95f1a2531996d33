#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "actors/launcher/launcher.hpp"
#include "actors/link/link_host.hpp"
#include "actors/remote_worker/worker_board.hpp"
#include "actors/support/worker_context.hpp"
#include "libflow/core/ids.hpp"
#include "libflow/graph/job_graph.hpp"

namespace flow {

/// The worker processes of one job (`--processes N`) with what belongs to them
/// in the process that runs it: launcher, links, an actor each.
/// Owner: the embedded cluster.
/// @thread any
class worker_processes {
public:
  /// Forks the launcher: best while this process has no other threads.
  /// @param execution which of the program's jobs it is, from 1
  /// @param built what the workers will build
  /// @param graph the same, made to fit the checkpoint the job goes on from
  /// Errors: io; invalid_argument for records that cannot leave a process.
  static expected<std::unique_ptr<worker_processes>>
  prepare(std::uint32_t count, std::uint32_t execution, const job_graph& built,
          std::shared_ptr<const job_graph> graph);

  worker_processes(const worker_processes&) = delete;
  worker_processes& operator=(const worker_processes&) = delete;
  ~worker_processes();

  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }

  /// Starts the workers; each offers its slots. Once.
  void start(caf::actor_system& system, const worker_context& shared,
             const caf::actor& resource_manager, std::uint32_t slots_of_each);

  /// Ends them and waits; a process that does not end is killed. Idempotent.
  void end();

  /// Counters; CPU time and memory of the processes that have ended.
  [[nodiscard]] const worker_board& board() const noexcept { return *board_; }

private:
  worker_processes(std::uint32_t count, std::uint32_t execution,
                   std::shared_ptr<const job_graph> graph, std::string token);
  expected<void> open();
  std::shared_ptr<link_handler> accept(const std::shared_ptr<peer_link>& fresh,
                                       const net::handshake& peer);
  [[nodiscard]] caf::actor actor_of(std::uint32_t worker) const;
  [[nodiscard]] std::string spec_of(std::uint32_t worker) const;

  const std::uint32_t count_;
  const std::uint32_t execution_;
  const std::shared_ptr<const job_graph> graph_;
  const std::string token_;
  const job_id job_;
  const std::shared_ptr<worker_board> board_ = std::make_shared<worker_board>();
  std::map<vertex_id, std::uint32_t> max_parallelism_; // where graph differs
  caf::actor_system* system_ = nullptr; // once started; outlives this
  mutable std::mutex mutex_;
  std::vector<caf::actor> actors_; // by worker; guarded by mutex_
  std::unique_ptr<launcher> launcher_;
  std::unique_ptr<link_host> links_;
};

} // namespace flow
