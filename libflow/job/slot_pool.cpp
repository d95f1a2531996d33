#include "libflow/job/slot_pool.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "libflow/core/assert.hpp"

namespace flow {

namespace {

struct group_need {
  std::string name;
  std::uint32_t slot_count = 0;
  std::size_t first_slot = 0; // among the slots taken
};

// In the order of the first request of each group.
std::vector<group_need> needs_of(const std::vector<slot_request>& requests) {
  std::vector<group_need> groups;
  for (const slot_request& request : requests) {
    auto found =
      std::ranges::find(groups, request.sharing_group, &group_need::name);
    if (found == groups.end())
      found = groups.insert(found, {request.sharing_group, 0, 0});
    found->slot_count = std::max(found->slot_count, request.parallelism);
  }
  std::size_t next = 0;
  for (group_need& group : groups) {
    group.first_slot = next;
    next += group.slot_count;
  }
  return groups;
}

error too_few(const std::vector<group_need>& groups, std::size_t needed,
              std::size_t free, std::size_t total) {
  std::string text = "the job needs " + std::to_string(needed) + " slots (";
  for (std::size_t i = 0; i < groups.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(groups[i].slot_count)
            + " for sharing group '" + groups[i].name + "'";
  text += "), " + std::to_string(free) + " of " + std::to_string(total)
          + " are free: raise taskmanager.numberOfTaskSlots, add workers or "
            "lower the parallelism";
  return {error_code::invalid_argument, std::move(text),
          error_severity::retryable};
}

} // namespace

std::size_t slots_needed(const std::vector<slot_request>& requests) {
  std::size_t sum = 0;
  for (const group_need& group : needs_of(requests))
    sum += group.slot_count;
  return sum;
}

void slot_pool::add_worker(std::uint32_t worker, std::uint32_t slot_count) {
  const bool known = std::ranges::any_of(
    slots_, [=](const entry& e) { return e.ref.worker == worker; });
  FLOW_ASSERT(!known, "worker " + std::to_string(worker) + " came twice");
  for (std::uint32_t slot = 0; slot < slot_count; ++slot)
    slots_.push_back({{worker, slot}, false});
  std::ranges::sort(slots_, {}, [](const entry& e) {
    return std::tuple{e.ref.slot, e.ref.worker};
  });
}

void slot_pool::remove_worker(std::uint32_t worker) {
  std::erase_if(slots_, [=](const entry& e) { return e.ref.worker == worker; });
}

expected<slot_assignment>
slot_pool::allocate(const std::vector<slot_request>& requests) {
  const std::vector<group_need> groups = needs_of(requests);
  const std::size_t needed = slots_needed(requests);
  if (needed > free_count())
    return too_few(groups, needed, free_count(), total_count());

  std::vector<slot_ref> taken;
  for (entry& slot : slots_) {
    if (taken.size() == needed)
      break;
    if (!std::exchange(slot.taken, true))
      taken.push_back(slot.ref);
  }
  slot_assignment result;
  for (const slot_request& request : requests) {
    const auto group =
      std::ranges::find(groups, request.sharing_group, &group_need::name);
    const auto first =
      taken.begin() + static_cast<std::ptrdiff_t>(group->first_slot);
    result.emplace_back(first, first + request.parallelism);
  }
  return result;
}

void slot_pool::release(const slot_assignment& assignment) {
  for (const std::vector<slot_ref>& subtasks : assignment)
    for (const slot_ref& ref : subtasks)
      for (entry& slot : slots_)
        if (slot.ref == ref)
          slot.taken = false;
}

std::size_t slot_pool::free_count() const noexcept {
  return static_cast<std::size_t>(
    std::ranges::count(slots_, false, &entry::taken));
}

} // namespace flow
