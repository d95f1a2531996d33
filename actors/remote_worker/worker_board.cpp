#include "actors/remote_worker/worker_board.hpp"

#include <algorithm>
#include <utility>

namespace flow {

std::vector<worker_address> worker_board::enter(const worker_address& fresh) {
  const std::lock_guard guard{mutex_};
  std::vector<worker_address> others;
  for (const auto& [worker, address] : present_)
    if (worker != fresh.worker)
      others.push_back(address);
  present_[fresh.worker] = fresh;
  return others;
}

void worker_board::leave(std::uint32_t worker) {
  const std::lock_guard guard{mutex_};
  present_.erase(worker);
  auto& [now, before] = counts_[worker];
  before.records_in += now.records_in;
  before.records_out += now.records_out;
  before.late_records += now.late_records;
  before.skipped_records += now.skipped_records;
  for (const auto& [name, count] : now.counters)
    before.counters[name] += count;
  auto text = std::move(now.text); // the last there is
  now = {};
  now.text = std::move(text);
}

void worker_board::count(std::uint32_t worker, worker_metrics now) {
  const std::lock_guard guard{mutex_};
  counted& of = counts_[worker];
  if (!now.text)
    now.text = std::move(of.now.text);
  of.now = std::move(now);
}

std::vector<std::string> worker_board::texts() const {
  const std::lock_guard guard{mutex_};
  std::vector<std::string> result;
  for (const auto& [worker, each] : counts_)
    result.push_back(each.now.text.value_or(""));
  return result;
}

void worker_board::used(std::uint32_t worker, double cpu_seconds,
                        std::uint64_t peak_rss_bytes) {
  const std::lock_guard guard{mutex_};
  cpu_seconds_ += cpu_seconds;
  peaks_[worker] = std::max(peaks_[worker], peak_rss_bytes);
}

job_totals worker_board::totals() const {
  const std::lock_guard guard{mutex_};
  job_totals sum;
  timestamp lowest = max_timestamp;
  bool any = false;
  for (const auto& [worker, each] : counts_) {
    sum.records_in += each.now.records_in + each.before.records_in;
    sum.records_out += each.now.records_out + each.before.records_out;
    sum.late_records += each.now.late_records + each.before.late_records;
    sum.skipped_records +=
      each.now.skipped_records + each.before.skipped_records;
    for (const auto* from : {&each.now, &each.before})
      for (const auto& [name, count] : from->counters)
        sum.user_counters[name] += count;
    if (each.now.watermark == min_timestamp)
      continue;
    lowest = std::min(lowest, each.now.watermark);
    any = true;
  }
  if (any)
    sum.watermark = lowest;
  return sum;
}

double worker_board::cpu_seconds() const {
  const std::lock_guard guard{mutex_};
  return cpu_seconds_;
}

std::uint64_t worker_board::peak_rss_bytes() const {
  const std::lock_guard guard{mutex_};
  std::uint64_t sum = 0;
  for (const auto& [worker, peak] : peaks_)
    sum += peak;
  return sum;
}

} // namespace flow
