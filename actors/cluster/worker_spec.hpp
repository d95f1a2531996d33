#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "libflow/core/error.hpp"
#include "libflow/core/ids.hpp"
#include "libflow/graph/graph_ids.hpp"

namespace flow {

/// What a worker process is told when it is started, for its eyes alone: text,
/// one `name value` a line. Job and worker are one program, so there are no
/// versions.
struct worker_spec {
  job_id job;
  std::string token;              ///< the job's secret
  std::uint16_t control_port = 0; ///< of the process that runs the job
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  /// Where the job's graph was made to fit the checkpoint it goes on from.
  std::map<vertex_id, std::uint32_t> max_parallelism{};
  /// Which of the jobs that the program executes it serves, from 1.
  std::uint32_t execution = 1;
};

/// All but the incarnation, which the launcher's caller appends as a line.
[[nodiscard]] std::string to_text(const worker_spec& spec);

expected<worker_spec> parse_worker_spec(const std::string& text);

} // namespace flow
