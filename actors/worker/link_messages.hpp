#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "actors/link/channel_switch.hpp"
#include "actors/link/message_link.hpp"
#include "actors/support/caf.hpp"
#include "libflow/net/handshake.hpp"

/// What the links of a worker tell its actor.
///
///   (jobmsg_atom, worker_message)            from the job's process
///   (peermsg_atom, worker, worker_message)   from another worker
///   (linkup_atom, opened_link)
///   (linkdown_atom, ended_link)
namespace flow {

FLOW_ATOM(jobmsg)
FLOW_ATOM(peermsg)
FLOW_ATOM(linkup)
FLOW_ATOM(linkdown)

/// Which connection to which worker.
struct link_name {
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  net::link_role role = net::link_role::control;
};

struct opened_link {
  link_name name;
  std::shared_ptr<peer_link> link;
};

struct ended_link {
  link_name name;
  const peer_link* link = nullptr; ///< to compare with
  error why;
};

/// Of the control link to the job's process. Without it the worker has no right
/// to go on: somebody may have taken its place.
class job_link_handler final : public link_handler {
public:
  /// So long may the job's process be silent before nothing is emitted, and
  /// before this process ends.
  static constexpr std::chrono::milliseconds fence_after{2000};
  static constexpr std::chrono::milliseconds end_after{5000};

  /// @param fenced outlives this
  /// @param end_process does not return
  job_link_handler(caf::actor worker, std::atomic<bool>& fenced,
                   std::function<void(const std::string& why)> end_process)
    : worker_(std::move(worker)), fenced_(fenced),
      end_process_(std::move(end_process)) {}

  expected<void> on_frame(const net::frame_view& frame) override;
  void on_silence(std::chrono::milliseconds silent) override;
  void on_closed(const error& why) override;

private:
  const caf::actor worker_;
  std::atomic<bool>& fenced_;
  const std::function<void(const std::string&)> end_process_;
  message_receiver messages_;
};

/// Of a link to another worker.
class worker_link_handler final : public link_handler {
public:
  worker_link_handler(caf::actor worker, std::shared_ptr<channel_switch> data,
                      link_name name, const peer_link& of)
    : worker_(std::move(worker)), data_(std::move(data)), name_(name),
      link_(&of) {}

  expected<void> on_frame(const net::frame_view& frame) override;
  void on_closed(const error& why) override;

private:
  const caf::actor worker_;
  const std::shared_ptr<channel_switch> data_;
  const link_name name_;
  const peer_link* const link_;
  message_receiver messages_;
};

/// Has `worker` listen to a link, for link_host.
std::shared_ptr<link_handler>
open_link(const caf::actor& worker,
          const std::shared_ptr<channel_switch>& channels,
          const link_name& name, const std::shared_ptr<peer_link>& fresh);

/// The name in a worker's handshake, and back; nothing for anything else.
[[nodiscard]] std::string handshake_name(std::uint32_t worker);
[[nodiscard]] std::optional<std::uint32_t>
worker_named(const std::string& handshake_name);

} // namespace flow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::opened_link)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::ended_link)
