#pragma once

#include <map>
#include <string>
#include <vector>

#include "test/sim/sim_job.hpp"

namespace flow::sim {

/// What is wrong with the committed rows of a job that has ended, in files by
/// name and in the store: one text each. Exactly once: all are there, once and
/// in order. At least once: all are there.
[[nodiscard]] std::vector<std::string>
audit(const sim_job& job, const std::map<std::string, std::string>& files,
      const std::vector<branch_row>& stored);

} // namespace flow::sim
