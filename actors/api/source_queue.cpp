#include "actors/api/source_queue.hpp"

#include <algorithm>

#include "libflow/core/assert.hpp"

namespace flow {

source_queue::source_queue(std::uint32_t window, actor_delivery delivery)
  : window_(std::max(window, 1U)), delivery_(delivery) {}

source_queue::position source_queue::expected_next() const {
  const std::lock_guard guard{mutex_};
  return next_;
}

std::uint32_t source_queue::attach(sender who) {
  const std::lock_guard guard{mutex_};
  if (closed_ || !accounts_.try_emplace(who).second)
    return 0;
  return window_;
}

void source_queue::detach(sender who) {
  const std::lock_guard guard{mutex_};
  accounts_.erase(who);
}

std::optional<refusal> source_queue::offer(sender who, source_batch& batch) {
  std::function<void()> wake;
  {
    const std::lock_guard guard{mutex_};
    if (closed_)
      return refusal::closed;
    account& its = accounts_.at(who);
    if (delivery_ != actor_delivery::at_most_once) {
      if (batch.epoch != next_.epoch)
        return std::nullopt; // from before a failure; it comes again
      if (const auto why = place(who, batch, its))
        return why;
    }
    const std::size_t size = batch.values->size();
    // What is not announced yet is not the sender's to use.
    if (its.queued + its.unannounced + size > window_)
      return refusal::window_full;
    if (size == 0)
      return std::nullopt;
    its.queued += static_cast<std::uint32_t>(size);
    next_.next += size;
    entries_.push_back({who, batch.number, std::move(batch.values), 0});
    wake = wake_reader();
  }
  wake();
  return std::nullopt;
}

/// Takes a batch of a sender that repeats to its place in the order: drops what
/// is there already.
std::optional<refusal> source_queue::place(sender who, source_batch& batch,
                                           account& its) {
  if (accounts_.size() > 1 && accounts_.begin()->first != who)
    return refusal::not_alone;
  if (delivery_ == actor_delivery::exactly_once) {
    if (batch.first > next_.next)
      return refusal::gap;
    const auto known =
      std::min<std::uint64_t>(next_.next - batch.first, batch.values->size());
    batch.values->drop_front(known);
    its.unannounced += static_cast<std::uint32_t>(known);
  }
  return std::nullopt;
}

void source_queue::restart(std::uint64_t next) {
  const std::lock_guard guard{mutex_};
  entries_.clear();
  for (auto& [who, its] : accounts_)
    its = {};
  next_ = {next, next_.epoch + 1};
}

std::vector<source_queue::grant> source_queue::due_grants() {
  const std::lock_guard guard{mutex_};
  std::vector<grant> result;
  for (auto& [who, its] : accounts_)
    if (its.unannounced >= chunk())
      result.push_back({who, std::exchange(its.unannounced, 0)});
  return result;
}

void source_queue::close() {
  std::function<void()> wake;
  {
    const std::lock_guard guard{mutex_};
    closed_ = true;
    wake = wake_reader();
  }
  wake();
}

std::vector<source_queue::leftover> source_queue::abandon() {
  const std::lock_guard guard{mutex_};
  closed_ = true;
  std::vector<leftover> result;
  for (auto& each : entries_) {
    each.values->drop_front(each.next);
    result.push_back({each.from, each.number, std::move(each.values)});
  }
  entries_.clear();
  return result;
}

bool source_queue::closed() const {
  const std::lock_guard guard{mutex_};
  return closed_;
}

void source_queue::open(std::function<void()> waker) {
  const std::lock_guard guard{mutex_};
  waker_ = std::move(waker);
  reader_waits_ = false;
}

void source_queue::leave() {
  const std::lock_guard guard{mutex_};
  waker_ = nullptr;
  reader_waits_ = false;
}

source_queue::taken source_queue::take(std::size_t room) {
  const std::lock_guard guard{mutex_};
  taken result;
  if (entries_.empty()) {
    result.finished = closed_;
    reader_waits_ = !closed_;
    return result;
  }
  entry& front = entries_.front();
  const std::size_t count = std::min(room, front.values->size() - front.next);
  result.records = portion{front.values, front.next, count};
  front.next += count;
  result.credit_due = credit(front.from, static_cast<std::uint32_t>(count));
  if (front.next == front.values->size())
    entries_.pop_front();
  return result;
}

/// @return true when a chunk has become full
bool source_queue::credit(sender to, std::uint32_t records) {
  const auto found = accounts_.find(to);
  if (found == accounts_.end())
    return false; // gone
  account& its = found->second;
  const bool was_due = its.unannounced >= chunk();
  its.queued -= records;
  its.unannounced += records;
  return !was_due && its.unannounced >= chunk();
}

std::function<void()> source_queue::wake_reader() {
  if (std::exchange(reader_waits_, false) && waker_)
    return waker_;
  return [] {};
}

} // namespace flow
