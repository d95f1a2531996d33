#pragma once

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/api/source_gateway.hpp"
#include "libflow/api/stream_environment.hpp"

namespace flow {

/// The end of an actor source that a program's actors send to. A value; copies
/// name the same source. While one exists the source may get more records: the
/// last one going closes it.
/// @thread any
template <class T>
class source_handle {
public:
  source_handle(caf::actor gateway, std::uint32_t window)
    : gateway_(std::move(gateway)), window_(window) {}

  /// As `source_credit` and the like name the source.
  [[nodiscard]] source_id id() const noexcept { return gateway_.id(); }

  /// Records that one sender may have sent and the job has not taken.
  [[nodiscard]] std::uint32_t window() const noexcept { return window_; }

  /// The most records of one message: with half the window no sender waits
  /// for room that is too small to be announced.
  [[nodiscard]] std::uint32_t most_at_once() const noexcept {
    return std::max(window_ / 2, 1U);
  }

  [[nodiscard]] const caf::actor& gateway() const noexcept { return gateway_; }

private:
  caf::actor gateway_;
  std::uint32_t window_;
};

// -- sending ------------------------------------------------------------------

/// Sends records into a source, with one timestamp or none, in messages of at
/// most `most_at_once()`; those of one sender arrive in order. `self` is any
/// actor of the handle's actor system.
///
/// The sender learns its window by a `source_credit` message that answers the
/// first one, and gets more as the job takes records, in chunks of a quarter of
/// the window. What is sent beyond it, or after the source was closed, comes
/// back in a `source_refused`. The sender counts by itself; source_sender does
/// it for actors.
template <class Self, class T>
void send_batch(Self&& self, const source_handle<T>& to, std::vector<T> values,
                timestamp stamp = min_timestamp, std::uint64_t number = 0) {
  const std::size_t most = to.most_at_once();
  std::size_t first = 0;
  for (; values.size() - first > most; first += most) {
    const auto from = values.begin() + static_cast<std::ptrdiff_t>(first);
    std::vector<T> part(
      std::make_move_iterator(from),
      std::make_move_iterator(from + static_cast<std::ptrdiff_t>(most)));
    self->send(to.gateway(),
               source_batch{number, std::make_shared<typed_value_block<T>>(
                                      std::move(part), stamp)});
  }
  values.erase(values.begin(),
               values.begin() + static_cast<std::ptrdiff_t>(first));
  if (!values.empty())
    self->send(to.gateway(),
               source_batch{number, std::make_shared<typed_value_block<T>>(
                                      std::move(values), stamp)});
}

/// One record. Costs a message and two allocations; batches are cheaper.
template <class Self, class T>
void send(Self&& self, const source_handle<T>& to, T value,
          timestamp stamp = min_timestamp) {
  std::vector<T> one;
  one.push_back(std::move(value));
  send_batch(self, to, std::move(one), stamp);
}

/// The input is complete: what was accepted is processed, then the source
/// ends, for all its senders. They are told by a `source_closed`.
template <class Self, class T>
void close(Self&& self, const source_handle<T>& source) {
  self->send(source.gateway(), close_atom::value);
}

/// The records of a refusal, for another try.
/// @pre it is about a source of T
template <class T>
[[nodiscard]] std::vector<T> take_back(source_refused& refused) {
  FLOW_ASSERT(refused.values->record_type() == typeid(T),
              "a refusal is about a source of another type");
  return std::move(static_cast<typed_value_block<T>&>(*refused.values).values);
}

// -- the source ---------------------------------------------------------------

/// Reads what actors send. One subtask. What is done about records that were
/// taken and not processed when an attempt fails: see actor_delivery.
///
/// A reader's state is the number of records it has taken, so that its sender
/// can be told, after a failure, from which one to send on, and, when a
/// checkpoint has completed, which ones it need not keep.
template <class T>
class actor_source final : public source<T> {
public:
  actor_source(std::shared_ptr<source_queue> queue, caf::actor_addr gateway)
    : queue_(std::move(queue)), gateway_(std::move(gateway)) {}
  actor_source(const actor_source&) = delete;
  actor_source& operator=(const actor_source&) = delete;

  /// The graph is gone: nobody will read. Has the gateway let go of senders,
  /// also when no job ever ran.
  ~actor_source() override {
    if (const auto gateway = caf::actor_cast<caf::actor>(gateway_))
      caf::anon_send(gateway, over_atom::value);
  }

  [[nodiscard]] std::string kind() const override { return "actor source"; }
  [[nodiscard]] bool bounded() const override { return false; }
  [[nodiscard]] replay_guarantee replay() const override {
    switch (queue_->delivery()) {
    case actor_delivery::at_most_once:
      break;
    case actor_delivery::at_least_once:
      return replay_guarantee::at_least_once;
    case actor_delivery::exactly_once:
      return replay_guarantee::replayable;
    }
    return replay_guarantee::at_most_once;
  }
  [[nodiscard]] std::uint32_t required_parallelism() const override {
    return 1;
  }
  [[nodiscard]] std::unique_ptr<source_reader<T>> make_reader() const override {
    return std::make_unique<reader>(queue_, gateway_);
  }

private:
  class reader final : public source_reader<T> {
  public:
    reader(std::shared_ptr<source_queue> queue, caf::actor_addr gateway)
      : queue_(std::move(queue)), gateway_(std::move(gateway)) {}

    expected<void> open(source_context& context) override {
      queue_->open(context.waker());
      announced_ = !repeats() || context.attempt() <= 1;
      return {};
    }

    [[nodiscard]] std::vector<byte_string> snapshot() const override {
      std::vector<byte_string> entries;
      if (repeats())
        byte_writer{entries.emplace_back()}.write_int(taken_);
      return entries;
    }

    expected<void> restore(std::span<const byte_string> entries) override {
      for (const auto& entry : entries)
        if (byte_reader in{entry}; !in.read_int(taken_) || !in.finished())
          return error{error_code::corrupt_data,
                       "the position of an actor source cannot be read",
                       error_severity::fatal};
      announced_ = !repeats();
      return {};
    }

    void begin_snapshot(const snapshot_context& context) override {
      if (repeats())
        covered_[context.checkpoint_id] = taken_;
    }

    void checkpoint_completed(std::uint64_t id) override {
      const auto last = covered_.upper_bound(id);
      if (last == covered_.begin())
        return;
      tell(settled_atom::value, std::prev(last)->second);
      covered_.erase(covered_.begin(), last);
    }

    expected<poll_result> poll(record_batch<T>& out,
                               std::size_t room) override {
      if (!std::exchange(announced_, true)) {
        queue_->restart(taken_);
        tell(resume_atom::value);
      }
      while (room > 0) {
        auto taken = queue_->take(room);
        if (taken.credit_due)
          tell(taken_atom::value);
        if (!taken.records)
          return poll_result{
            taken.finished ? poll_status::finished : poll_status::waiting, {}};
        append(out, *taken.records);
        room -= taken.records->count;
        taken_ += taken.records->count;
      }
      return poll_result{};
    }

    void stop() override {
      queue_->close();
      tell(close_atom::value);
    }

    void close() override { queue_->leave(); }

  private:
    void append(record_batch<T>& out, const source_queue::portion& records) {
      auto& block = static_cast<typed_value_block<T>&>(*records.values);
      for (std::size_t i = 0; i < records.count; ++i)
        out.append(std::move(block.values[records.first + i]),
                   block.stamp_of_all);
    }

    [[nodiscard]] bool repeats() const {
      return queue_->delivery() != actor_delivery::at_most_once;
    }

    template <class... What>
    void tell(What... what) {
      if (const auto gateway = caf::actor_cast<caf::actor>(gateway_))
        caf::anon_send(gateway, what...);
    }

    std::shared_ptr<source_queue> queue_;
    caf::actor_addr gateway_; // weak: handles alone keep it
    std::uint64_t taken_ = 0; // over all attempts
    std::map<std::uint64_t, std::uint64_t> covered_; // taken, by checkpoint
    bool announced_ = true; // the sender knows where this reader began
  };

  std::shared_ptr<source_queue> queue_;
  caf::actor_addr gateway_;
};

/// A source's two ends: what the dataflow reads and what actors send to.
template <class T>
struct actor_stream {
  data_stream<T> stream;
  source_handle<T> handle;
};

struct actor_source_options {
  std::uint32_t window = 1024; ///< records under way per sender, at least 1
  /// Others than at_most_once need checkpoints, and one sender that repeats
  /// (actors/api/repeating_sender.hpp).
  actor_delivery delivery = actor_delivery::at_most_once;
};

/// A source that actors feed, before and while the job runs:
///
///     auto [stream, handle]
///       = flow::from_actor<reading>(env, system, "sensors");
///
/// For one run of the job: when that has ended, nothing more is taken.
/// @param system the program's, which flow::execute_async is given too; env,
///        handle and stream must be gone before it
template <class T>
[[nodiscard]] actor_stream<T>
from_actor(stream_environment& env, caf::actor_system& system, std::string name,
           const actor_source_options& options = {}) {
  auto queue = std::make_shared<source_queue>(options.window, options.delivery);
  caf::actor gateway = system.spawn<source_gateway>(queue);
  env.builder()->when_ended.push_back([weak = gateway.address()] {
    if (const auto to = caf::actor_cast<caf::actor>(weak))
      caf::anon_send(to, over_atom::value);
  });
  auto stream = env.from_source<T>(
    std::make_shared<actor_source<T>>(queue, gateway.address()));
  stream.name(std::move(name));
  return {std::move(stream),
          source_handle<T>{std::move(gateway), queue->window()}};
}

} // namespace flow
