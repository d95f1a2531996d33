#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "actors/messages/alignment_messages.hpp"
#include "actors/messages/deploy_messages.hpp"
#include "actors/messages/source_messages.hpp"
#include "libflow/core/error.hpp"

/// The process that runs a job <-> its worker processes, and these among
/// themselves: payloads of control frames. Each is the message of the same
/// name in deploy_messages.hpp or source_messages.hpp, with tasks named by
/// number and attempt where that has a handle.
///
/// The order of the variant is on the wire; `protocol_version` changes with
/// anything here. A worker is known by number and incarnation: how often it
/// was started before.
namespace flow {

/// First from a worker: what it has built, and where it listens.
struct worker_hello {
  std::uint64_t graph_hash = 0;
  std::vector<std::string> graph_facts;
  std::uint16_t control_port = 0;
  std::uint16_t data_port = 0;
};

/// Another worker, and where it listens.
struct worker_address {
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::uint16_t control_port = 0;
  std::uint16_t data_port = 0;
};

/// The answer: the workers that were there before; the new one dials them.
struct known_workers {
  std::vector<worker_address> others;
};

/// From the worker: it has tried all, and takes orders.
struct worker_ready {};

struct deploy_order {
  std::uint32_t task = 0;
  std::uint32_t attempt = 0;
  task_settings settings;
  /// Location and metadata of the checkpoint that it starts from.
  std::optional<std::pair<std::string, byte_string>> restored;
};

struct coordinator_order {
  std::uint32_t vertex = 0;
  std::uint32_t attempt = 0;
  std::optional<byte_string> restored; ///< its state
};

/// The other ends of a task's channels.
struct wiring_order {
  struct consumer {
    std::uint32_t worker = 0;
    std::uint32_t task = 0;
    std::uint32_t input_channel = 0;
  };
  struct producer {
    std::uint32_t worker = 0;
    std::uint32_t task = 0;
    std::uint32_t port = 0;
    std::uint32_t output_channel = 0;
  };
  std::uint32_t task = 0;
  std::uint32_t attempt = 0;
  std::vector<std::vector<consumer>> outputs; ///< by port, by channel
  std::vector<producer> inputs;               ///< by input channel
  std::optional<std::uint32_t> coordinator;   ///< the worker that has it
};

enum class task_action : std::uint8_t { open, stop, cancel, give_up };

struct task_order {
  std::uint32_t task = 0;
  std::uint32_t attempt = 0;
  task_action action = task_action::open;
};

/// Values are on the wire.
enum class checkpoint_action : std::uint8_t { trigger, completed, aborted };

struct checkpoint_order {
  std::uint32_t task = 0; ///< or the vertex of a source's coordinator
  bool of_coordinator = false;
  std::uint32_t attempt = 0;
  checkpoint_action action = checkpoint_action::trigger;
  checkpoint_barrier barrier; ///< of others than a trigger the id counts
};

/// Who a source's coordinator hands splits and triggers to, by index.
struct readers_order {
  std::uint32_t vertex = 0;
  std::uint32_t attempt = 0;
  struct reader {
    std::uint32_t worker = 0;
    std::uint32_t task = 0;
  };
  std::vector<reader> readers;
};

struct coordinator_cancel {
  std::uint32_t vertex = 0;
  std::uint32_t attempt = 0;
};

/// Answered by explanation_answer with the same number.
struct explanation_question {
  std::uint64_t number = 0;
  std::uint32_t task = 0;
  std::uint32_t attempt = 0;
  bool of_manager = false; ///< asks in whose code the task is
};

struct explanation_answer {
  std::uint64_t number = 0;
  task_explanation explanation; ///< of the manager: where, in waiting_for
};

struct task_deployed {
  std::uint32_t task = 0;
  std::uint32_t attempt = 0;
};

struct coordinator_deployed {
  std::uint32_t vertex = 0;
  std::uint32_t attempt = 0;
};

struct task_connected {
  std::uint32_t task = 0;
  std::uint32_t attempt = 0;
};

struct task_changed {
  task_report report;
};

/// Everything was processed; a checkpoint has to commit it.
struct task_at_end {
  std::uint32_t task = 0;
  std::uint32_t attempt = 0;
};

/// Counters of the worker since its start. Sent before every end of a task, so
/// that the totals of a job that has ended are complete.
struct worker_metrics {
  std::uint64_t records_in = 0;
  std::uint64_t records_out = 0;
  std::uint64_t late_records = 0;
  std::uint64_t skipped_records = 0;
  timestamp watermark = min_timestamp;
  std::map<std::string, std::uint64_t> counters{}; ///< of the author's
  std::optional<std::string> text; ///< for Prometheus; not every time
};

/// A reader asks the coordinator of its source.
struct split_question {
  std::uint32_t vertex = 0;
  std::uint32_t attempt = 0;
  std::uint32_t subtask = 0; ///< index within the vertex
  std::uint32_t task = 0;    ///< who asks
};

/// A split, none (nothing is left), or why there is none.
struct split_answer {
  std::uint32_t task = 0;
  std::uint32_t attempt = 0;
  std::optional<byte_string> split;
  std::optional<error> failure;
};

/// A trigger on its way from a source's coordinator to a reader, behind the
/// splits that it was given.
struct reader_trigger {
  std::uint32_t task = 0;
  std::uint32_t attempt = 0;
  checkpoint_barrier barrier;
};

/// To a source that keeps step with others: where to pause.
struct watermark_limit {
  std::uint32_t task = 0;
  std::uint32_t attempt = 0;
  timestamp limit = max_timestamp;
};

/// The job has ended; so does the worker.
struct worker_end {};

using worker_message = std::variant<
  worker_hello, known_workers, worker_ready, deploy_order, coordinator_order,
  wiring_order, task_order, coordinator_cancel, explanation_question,
  explanation_answer, task_deployed, coordinator_deployed, task_connected,
  task_changed, worker_metrics, split_question, split_answer, worker_end,
  checkpoint_order, readers_order, checkpoint_ack, checkpoint_decline,
  task_at_end, source_state, reader_trigger, task_watermark, watermark_limit>;

/// Bytes of a message.
[[nodiscard]] byte_string encode(const worker_message& what);

/// The message, or corrupt_data. The bytes are not trusted; numbers that only
/// the receiver can judge (tasks, workers) are.
[[nodiscard]] expected<worker_message>
decode_worker_message(std::span<const std::byte> bytes);

} // namespace flow

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::worker_message)
