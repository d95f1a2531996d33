#include "test/sim/outside_checks.hpp"

#include <algorithm>
#include <optional>

#include "test/sim/audit.hpp"

namespace flow::sim {

namespace {

using file_map = std::map<std::string, std::string>;

bool is_part(const std::string& path) {
  return path.find("/part-") != std::string::npos;
}

/// Of the directory chk-N that the path leads through.
std::optional<std::uint64_t> checkpoint_of(const std::string& path) {
  const auto at = path.find("/chk-");
  if (at == std::string::npos)
    return {};
  return std::stoull(path.substr(at + 5));
}

std::vector<std::uint64_t> ids_in(const file_map& files) {
  std::vector<std::uint64_t> ids;
  for (const auto& [path, text] : files)
    if (path.ends_with("/_metadata"))
      if (const auto id = checkpoint_of(path))
        ids.push_back(*id);
  std::ranges::sort(ids);
  return ids;
}

} // namespace

std::vector<std::uint64_t> outside_checks::published() const {
  return ids_in(disk_.files_below(std::string{sim_checkpoints}));
}

void outside_checks::look() {
  auto now = disk_.files_below(std::string{sim_output});
  std::erase_if(now, [](const auto& each) { return !is_part(each.first); });
  for (const auto& [path, text] : visible_) {
    const auto found = now.find(path);
    if (found == now.end())
      problem(path + " was visible and has vanished");
    else if (found->second != text)
      problem(path + " was visible and has changed");
  }
  visible_ = std::move(now);
  check_published();
}

void outside_checks::check_published() {
  for (const auto id : published()) {
    if (published_.contains(id))
      continue;
    if (!published_.empty() && id < *published_.rbegin())
      problem("checkpoint " + std::to_string(id) + " was published after "
              + std::to_string(*published_.rbegin()));
    published_.insert(id);
  }
}

void outside_checks::process_begins(bool forgotten, bool emptied) {
  watermarks_.clear();
  if (!forgotten && !emptied)
    return look();
  visible_.clear();
  published_.clear();
  if (emptied) {
    greatest_told_ = 0;
    return;
  }
  const auto left = published();
  if (greatest_told_ > 0 && (left.empty() || left.back() < greatest_told_))
    problem("checkpoint " + std::to_string(greatest_told_)
            + " was complete and a crash has lost it");
  look();
}

void outside_checks::completed_is_told(std::uint64_t id) {
  greatest_told_ = std::max(greatest_told_, id);
  const auto durable =
    ids_in(disk_.synced_files_below(std::string{sim_checkpoints}));
  if (durable.empty() || durable.back() < id)
    problem("checkpoint " + std::to_string(id)
            + " is said to be complete and is not durable");
}

void outside_checks::watermark_arrives(std::uint64_t receiver,
                                       std::uint32_t channel, timestamp mark) {
  auto [last, first] = watermarks_.try_emplace({receiver, channel}, mark);
  if (!first && mark < last->second)
    problem("a watermark went back from " + std::to_string(last->second)
            + " to " + std::to_string(mark));
  last->second = mark;
}

void outside_checks::job_finished(const sim_job& job, std::uint32_t retained,
                                  bool litter_allowed) {
  look();
  const auto files = disk_.files_below(std::string{sim_output});
  for (const auto& [path, text] : files)
    if (!is_part(path))
      problem(path + " is left behind");
  for (auto& text : audit(job, files, store_.rows()))
    problem(std::move(text));
  if (store_.open_transactions() > 0)
    problem(std::to_string(store_.open_transactions())
            + " transactions are left open");
  check_checkpoints_at_end(retained, litter_allowed);
}

void outside_checks::check_checkpoints_at_end(std::uint32_t retained,
                                              bool litter_allowed) {
  const auto files = disk_.files_below(std::string{sim_checkpoints});
  const auto ids = ids_in(files);
  if (ids.empty())
    problem("no checkpoint is left");
  if (litter_allowed)
    return;
  if (ids.size() > retained)
    problem(std::to_string(ids.size()) + " checkpoints are left, not "
            + std::to_string(retained));
  for (const auto& [path, text] : files) {
    const auto id = checkpoint_of(path);
    if (id && std::ranges::find(ids, *id) == ids.end())
      problem(path + " belongs to no checkpoint");
  }
}

} // namespace flow::sim
