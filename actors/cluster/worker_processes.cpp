#include "actors/cluster/worker_processes.hpp"

#include <sys/random.h>

#include <caf/scoped_actor.hpp>

#include "actors/cluster/worker_spec.hpp"
#include "actors/remote_worker/remote_worker_actor.hpp"
#include "actors/worker/link_messages.hpp"
#include "libflow/api/node_code.hpp"

namespace flow {

namespace {

/// 128 random bits as text; empty if the system has none.
std::string random_token() {
  std::uint64_t bits[2];
  if (getrandom(bits, sizeof bits, 0) != sizeof bits)
    return {};
  return job_id{bits[0], bits[1]}.to_string();
}

/// Of an edge whose records cannot leave a process.
expected<void> check_records(const job_graph& graph) {
  for (const job_edge& edge : graph.edges())
    if (!static_cast<const exchange_code&>(*edge.code).codec().usable())
      return error{error_code::invalid_argument,
                   "--processes: records of type " + edge.type
                     + " have no codec, and \"" + graph.vertex(edge.from).name
                     + "\" sends some"};
  return {};
}

} // namespace

expected<std::unique_ptr<worker_processes>>
worker_processes::prepare(std::uint32_t count, std::uint32_t execution,
                          const job_graph& built,
                          std::shared_ptr<const job_graph> graph) {
  if (auto sendable = check_records(*graph); !sendable)
    return sendable.error();
  std::string token = random_token();
  if (token.empty())
    return error{error_code::io, "the system has no random numbers"};
  std::unique_ptr<worker_processes> result{
    new worker_processes{count, execution, std::move(graph), std::move(token)}};
  for (const job_vertex& each : result->graph_->vertices())
    if (each.max_parallelism != built.vertex(each.id).max_parallelism)
      result->max_parallelism_[each.id] = each.max_parallelism;
  if (auto done = result->open(); !done)
    return done.error();
  // The incarnation comes behind it, in a line of its own.
  constexpr std::size_t line_bytes = 32;
  if (result->spec_of(0).size() + line_bytes > launcher::max_spec_bytes)
    return error{error_code::invalid_argument,
                 "--processes: the job has too many operators whose max "
                 "parallelism is that of the restored checkpoint"};
  return result;
}

worker_processes::worker_processes(std::uint32_t count, std::uint32_t execution,
                                   std::shared_ptr<const job_graph> graph,
                                   std::string token)
  : count_(count), execution_(execution), graph_(std::move(graph)),
    token_(std::move(token)),
    job_(job_id::from_name(graph_->options().job_name + token_)) {}

worker_processes::~worker_processes() {
  end();
  links_.reset(); // their threads reach into this
  launcher_.reset();
}

/// The launcher first: links have threads.
expected<void> worker_processes::open() {
  auto started = launcher::start(
    [this](const worker_exit& how) {
      caf::anon_send(actor_of(how.worker), exited_atom::value, how);
    },
    [this] {
      for (std::uint32_t worker = 0; worker < count_; ++worker)
        caf::anon_send(actor_of(worker), lost_atom::value);
    });
  if (!started)
    return started.error();
  launcher_ = std::move(*started);
  net::handshake own;
  own.build = "libflow";
  own.node = "localhost";
  own.worker = "job";
  auto links = link_host::start(
    own, token_,
    [this](const std::shared_ptr<peer_link>& fresh,
           const net::handshake& peer) { return accept(fresh, peer); });
  if (!links)
    return links.error();
  links_ = std::move(*links);
  return {};
}

void worker_processes::start(caf::actor_system& system,
                             const worker_context& shared,
                             const caf::actor& resource_manager,
                             std::uint32_t slots_of_each) {
  system_ = &system;
  const std::lock_guard guard{mutex_};
  for (std::uint32_t worker = 0; worker < count_; ++worker) {
    remote_worker_setup setup;
    setup.worker = worker;
    setup.slot_count = slots_of_each;
    setup.graph = graph_;
    setup.board = board_;
    setup.processes = launcher_.get();
    setup.spec = spec_of(worker);
    actors_.push_back(system.spawn<remote_worker_actor, caf::detached>(
      shared, std::move(setup), resource_manager));
  }
}

std::string worker_processes::spec_of(std::uint32_t worker) const {
  return to_text({job_, token_, links_->port(net::link_role::control), worker,
                  0, max_parallelism_, execution_});
}

void worker_processes::end() {
  std::vector<caf::actor> actors;
  {
    const std::lock_guard guard{mutex_};
    actors = actors_; // they have to hear of the exits until they have ended
  }
  if (actors.empty())
    return;
  for (const caf::actor& each : actors)
    caf::anon_send<caf::message_priority::high>(each, cancel_atom::value);
  caf::scoped_actor self{*system_};
  for (const caf::actor& each : actors)
    self->wait_for(each);
  const std::lock_guard guard{mutex_};
  actors_.clear();
}

std::shared_ptr<link_handler>
worker_processes::accept(const std::shared_ptr<peer_link>& fresh,
                         const net::handshake& peer) {
  const auto worker = worker_named(peer.worker);
  const auto actor = worker ? actor_of(*worker) : caf::actor{};
  if (!actor || peer.role != net::link_role::control)
    return nullptr;
  caf::anon_send(actor, workerup_atom::value, peer.incarnation, fresh);
  return std::make_shared<remote_link_handler>(actor, peer.incarnation);
}

/// Null when there is none, or none any more.
caf::actor worker_processes::actor_of(std::uint32_t worker) const {
  const std::lock_guard guard{mutex_};
  return worker < actors_.size() ? actors_[worker] : caf::actor{};
}

} // namespace flow
