#include "test/sim/mailbox_faults.hpp"

namespace flow::sim {

namespace {

using content_type = caf::type_erased_tuple;
using number = std::uint32_t;

/// Fills in a report of a subtask; false when it is none.
bool read_report(const content_type& content, next_message& result) {
  if (content.match_elements<ckptack_atom, checkpoint_ack>()) {
    result.kind = message_kind::acknowledgement;
    result.attempt = content.get_as<checkpoint_ack>(1).attempt;
  } else if (content.match_elements<ckptdecl_atom, checkpoint_decline>()) {
    const auto& what = content.get_as<checkpoint_decline>(1);
    result.kind = message_kind::decline;
    result.attempt = what.attempt;
    result.checkpoint_id = what.checkpoint_id;
  } else if (content.match_elements<taskstate_atom, task_report>()) {
    const auto& what = content.get_as<task_report>(1);
    result.kind = what.state == task_state::finished ? message_kind::at_end
                                                     : message_kind::state;
    result.attempt = what.attempt;
    result.cause = what.cause ? &*what.cause : nullptr;
  } else if (content.match_elements<ckptend_atom, number, number>()) {
    result.kind = message_kind::at_end;
    result.attempt = content.get_as<number>(2);
  } else if (content.match_elements<connected_atom, number, number>()
             || content.match_elements<deployed_atom, number, number,
                                       caf::actor>()) {
    result.kind = message_kind::state;
    result.attempt = content.get_as<number>(2);
  } else {
    return false;
  }
  return true;
}

/// The same, of what the job manager and its checkpoint coordinator say to each
/// other.
void read_decision(const content_type& content, next_message& result) {
  if (content.match_elements<ckptstep_atom, number, checkpoint_step>()) {
    result.kind = message_kind::decision;
    result.decision = &content.get_as<checkpoint_step>(2);
  } else if (content.match_elements<attemptrun_atom, number, number>()) {
    result.kind = message_kind::attempt_runs;
  } else if (content.match_elements<attemptend_atom, number>()
             || content.match_elements<jobover_atom, job_outcome>()) {
    result.kind = message_kind::attempt_ends;
  }
}

} // namespace

next_message peek(caf::scheduled_actor& actor) {
  next_message result;
  auto* next = actor.mailbox().peek();
  if (next == nullptr)
    return result;
  const auto& content = next->content();
  if (content.match_elements<number, std::uint64_t, stream_element>()) {
    result.kind = message_kind::element;
    result.channel = content.get_as<number>(0);
    result.element = &content.get_as<stream_element>(2);
  } else if (content.match_elements<ckptdone_atom, number, std::uint64_t>()) {
    result.kind = message_kind::completed;
    result.checkpoint_id = content.get_as<std::uint64_t>(2);
  } else if (content.match_elements<ckptabort_atom, number, std::uint64_t>()) {
    result.kind = message_kind::aborted;
    result.checkpoint_id = content.get_as<std::uint64_t>(2);
  } else if (!read_report(content, result)) {
    read_decision(content, result);
  }
  return result;
}

caf::message copy_next(caf::scheduled_actor& actor) {
  return actor.mailbox().peek()->copy_content_to_message();
}

void drop_next(caf::scheduled_actor& actor) {
  auto nothing = [](auto&&...) {
    return caf::intrusive::task_result::stop_all;
  };
  actor.mailbox().new_round(1, nothing);
}

namespace {

std::string text_of(const stream_element& element) {
  switch (element.kind()) {
  case element_kind::data:
    return std::to_string(element.batch()->size()) + " records, watermark "
           + std::to_string(element.watermark());
  case element_kind::watermark:
    return "watermark " + std::to_string(element.watermark());
  case element_kind::status:
    return element.status() == stream_status::idle ? "idle" : "active";
  case element_kind::barrier:
    return "barrier " + std::to_string(element.barrier().checkpoint_id);
  case element_kind::barrier_cancelled:
    return "barrier cancelled";
  case element_kind::end_of_data:
    return element.ended() == end_mode::drained ? "drained" : "stopped";
  case element_kind::end_of_partition:
    return "end";
  case element_kind::latency_marker:
    return "latency marker";
  }
  return {};
}

} // namespace

std::string describe_next(caf::scheduled_actor& actor) {
  auto* next = actor.mailbox().peek();
  if (next == nullptr)
    return "nothing";
  const auto& content = next->content();
  if (!content.match_elements<std::uint32_t, std::uint64_t, stream_element>())
    return caf::to_string(content);
  return "channel " + std::to_string(content.get_as<std::uint32_t>(0)) + " #"
         + std::to_string(content.get_as<std::uint64_t>(1)) + ": "
         + text_of(content.get_as<stream_element>(2));
}

} // namespace flow::sim
