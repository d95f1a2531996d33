#include "libflow/graph/guarantee.hpp"

#include <algorithm>
#include <utility>

namespace flow {

namespace {

std::string restart_with_checkpoints(delivery_guarantee replay) {
  switch (replay) {
  case delivery_guarantee::exactly_once:
    return "goes on from its position in the last checkpoint";
  case delivery_guarantee::at_least_once:
    return "gets again what was not acknowledged by the last checkpoint";
  case delivery_guarantee::at_most_once:
    return "goes on with what arrives next; what arrived since the last "
           "checkpoint is lost";
  }
  return {};
}

std::string restart_without_checkpoints(delivery_guarantee replay) {
  switch (replay) {
  case delivery_guarantee::exactly_once:
    return "begins anew";
  case delivery_guarantee::at_least_once:
    return "gets again what was not acknowledged";
  case delivery_guarantee::at_most_once:
    return "goes on with what arrives next; what arrived before is lost";
  }
  return {};
}

/// Lowers the report to `level` if that is weaker.
void limit(guarantee_report& report, delivery_guarantee level,
           std::string limited_by, std::string reason) {
  if (level >= report.level)
    return;
  report.level = level;
  report.limited_by = std::move(limited_by);
  report.reason = std::move(reason);
}

void limit_by_mode(guarantee_report& report, checkpoint_mode checkpoints) {
  if (checkpoints == checkpoint_mode::off)
    limit(report, delivery_guarantee::at_least_once, "checkpoints are off",
          "after a failure the sources begin anew, and what the sinks have "
          "shown comes again");
  if (checkpoints == checkpoint_mode::at_least_once)
    limit(report, delivery_guarantee::at_least_once,
          "execution.checkpointing.mode",
          "barriers are not aligned, so state may count a record twice");
}

std::string reason_of(const job_operator& op) {
  if (!op.node.guarantee.reason.empty())
    return op.node.guarantee.reason;
  switch (op.node.kind) {
  case operator_kind::source:
    return "it cannot be read again from a position";
  case operator_kind::sink:
    return "its writes are not tied to checkpoints";
  default:
    return "it reaches out of the job";
  }
}

} // namespace

guarantee_report end_to_end_guarantee(const job_graph& job,
                                      checkpoint_mode checkpoints) {
  guarantee_report report;
  report.reason = "every source replays from the checkpoint, and every sink "
                  "commits with it";
  limit_by_mode(report, checkpoints);
  std::vector<const job_operator*> operators;
  for (const auto& vertex : job.vertices())
    for (const auto& op : vertex.operators)
      operators.push_back(&op);
  std::sort(operators.begin(), operators.end(), [](auto* a, auto* b) {
    return index_of(a->node.id) < index_of(b->node.id);
  });
  for (const auto* op : operators) {
    const auto level = op->node.guarantee.level;
    limit(report, level,
          std::string{to_string(op->node.kind)} + " '" + op->name + "'",
          reason_of(*op));
    if (op->node.kind == operator_kind::source)
      report.sources.push_back({op->name, checkpoints == checkpoint_mode::off
                                            ? restart_without_checkpoints(level)
                                            : restart_with_checkpoints(level)});
  }
  return report;
}

std::string to_string(const guarantee_report& report) {
  std::string text{to_string(report.level)};
  if (!report.limited_by.empty())
    text += ", limited by " + report.limited_by;
  return text + ": " + report.reason;
}

} // namespace flow
