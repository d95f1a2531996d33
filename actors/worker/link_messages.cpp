#include "actors/worker/link_messages.hpp"

#include <charconv>

namespace flow {

// -- to the job's process -----------------------------------------------------

expected<void> job_link_handler::on_frame(const net::frame_view& frame) {
  auto message = messages_.accept(frame);
  if (!message)
    return message.error();
  if (*message)
    caf::anon_send(worker_, jobmsg_atom::value, std::move(**message));
  return {};
}

void job_link_handler::on_silence(std::chrono::milliseconds silent) {
  fenced_ = silent >= fence_after;
  if (silent >= end_after)
    end_process_("the job's process has been silent for "
                 + std::to_string(silent.count()) + " ms");
}

void job_link_handler::on_closed(const error& why) {
  fenced_ = true;
  end_process_("the link to the job's process has ended: " + why.text);
}

// -- to another worker --------------------------------------------------------

expected<void> worker_link_handler::on_frame(const net::frame_view& frame) {
  if (name_.role == net::link_role::data)
    return data_->on_frame(*link_, frame);
  auto message = messages_.accept(frame);
  if (!message)
    return message.error();
  if (*message)
    caf::anon_send(worker_, peermsg_atom::value, name_.worker,
                   std::move(**message));
  return {};
}

void worker_link_handler::on_closed(const error& why) {
  data_->on_closed(*link_, {error_code::io, "the link to worker "
                                              + std::to_string(name_.worker)
                                              + " has ended: " + why.text});
  caf::anon_send(worker_, linkdown_atom::value, ended_link{name_, link_, why});
}

std::shared_ptr<link_handler>
open_link(const caf::actor& worker,
          const std::shared_ptr<channel_switch>& channels,
          const link_name& name, const std::shared_ptr<peer_link>& fresh) {
  caf::anon_send(worker, linkup_atom::value, opened_link{name, fresh});
  return std::make_shared<worker_link_handler>(worker, channels, name, *fresh);
}

// -- names --------------------------------------------------------------------

std::string handshake_name(std::uint32_t worker) {
  return "worker-" + std::to_string(worker);
}

std::optional<std::uint32_t> worker_named(const std::string& name) {
  constexpr std::string_view prefix = "worker-";
  if (!name.starts_with(prefix))
    return std::nullopt;
  std::uint32_t number = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, failed] =
    std::from_chars(name.data() + prefix.size(), end, number);
  if (failed != std::errc{} || rest != end)
    return std::nullopt;
  return number;
}

} // namespace flow
