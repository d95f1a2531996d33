#include "libflow/job/restore_check.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "libflow/core/hash.hpp"

namespace flow {

namespace {

using texts = std::vector<std::string>;

std::string label(const operator_entry& entry) {
  return "operator \"" + entry.name + "\" ("
         + (entry.uid.empty() ? std::string{"no uid"} : "uid " + entry.uid)
         + ")";
}

const job_vertex* find(const job_graph& job, std::uint64_t id,
                       const job_operator** found) {
  for (const auto& vertex : job.vertices())
    for (const auto& each : vertex.operators)
      if (static_cast<std::uint64_t>(each.id) == id) {
        *found = &each;
        return &vertex;
      }
  return nullptr;
}

bool chosen_by_author(const job_graph& job, const job_operator& op) {
  return op.node.max_parallelism || job.options().max_parallelism;
}

void check_operator(const vertex_state& old, const operator_entry& entry,
                    const job_graph& job,
                    std::map<vertex_id, std::uint32_t>& keep, texts& wrong) {
  const job_operator* op = nullptr;
  const job_vertex* vertex = find(job, entry.id, &op);
  if (vertex == nullptr || !entry.stateful
      || vertex->max_parallelism == old.max_parallelism)
    return;
  if (chosen_by_author(job, *op))
    wrong.push_back(label(entry) + ": its state was written with a max "
                    + "parallelism of " + std::to_string(old.max_parallelism)
                    + ", which cannot change; the job says "
                    + std::to_string(vertex->max_parallelism));
  else if (vertex->parallelism > old.max_parallelism)
    wrong.push_back(label(entry) + ": a parallelism of "
                    + std::to_string(vertex->parallelism)
                    + " is more than the max parallelism of its state, "
                    + std::to_string(old.max_parallelism));
  else
    keep[vertex->id] = old.max_parallelism;
}

error joined(const texts& wrong, std::uint64_t checkpoint) {
  std::string text =
    "checkpoint " + std::to_string(checkpoint) + " does not fit this job:";
  for (const auto& each : wrong)
    text += "\n  " + each;
  return {error_code::incompatible, std::move(text), error_severity::fatal};
}

} // namespace

expected<std::map<vertex_id, std::uint32_t>>
check_restore(const checkpoint_metadata& from, const job_graph& job,
              bool drop_unclaimed) {
  texts wrong;
  std::map<vertex_id, std::uint32_t> keep;
  if (from.hash_id != hash_id)
    wrong.push_back("its keys were hashed by " + from.hash_id
                    + ", this program has " + std::string{hash_id});
  for (const auto& vertex : from.vertices)
    for (const auto& entry : vertex.operators) {
      const job_operator* op = nullptr;
      if (entry.stateful && !drop_unclaimed
          && find(job, entry.id, &op) == nullptr)
        wrong.push_back("the state of " + label(entry)
                        + " has no operator in this job; "
                          "--allow-non-restored-state leaves it out");
      check_operator(vertex, entry, job, keep, wrong);
    }
  if (!wrong.empty())
    return joined(wrong, from.checkpoint_id);
  return keep;
}

} // namespace flow
