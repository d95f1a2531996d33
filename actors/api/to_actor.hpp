#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/api/courier_actor.hpp"
#include "libflow/api/data_stream.hpp"

namespace flow {

/// What the receiver of a `to_actor` gets: records in order, to be answered by
/// `acknowledge`, at once or later.
///
///     [=](const flow::delivery<result>& d) {
///       for (const result& each : d.values()) ...
///       flow::acknowledge(self, d);
///     }
///
/// A value, constant; cheap to copy. The receiver may keep it.
template <class T>
class delivery {
public:
  struct content {
    std::vector<T> values;
    std::vector<timestamp> timestamps; // as many
  };

  delivery() = default;
  delivery(std::uint32_t subtask, std::uint64_t sequence,
           std::shared_ptr<const content> records, caf::actor courier)
    : subtask_(subtask), sequence_(sequence), records_(std::move(records)),
      courier_(std::move(courier)) {}

  [[nodiscard]] const std::vector<T>& values() const {
    return records_->values;
  }
  /// One a value; `min_timestamp` = none.
  [[nodiscard]] const std::vector<timestamp>& timestamps() const {
    return records_->timestamps;
  }
  /// Of the sink that sent it; each counts its own deliveries.
  [[nodiscard]] std::uint32_t subtask() const noexcept { return subtask_; }
  /// From 1 without gaps, per subtask and attempt of the job.
  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
  /// Where the acknowledgement goes.
  [[nodiscard]] const caf::actor& courier() const noexcept { return courier_; }

private:
  std::uint32_t subtask_ = 0;
  std::uint64_t sequence_ = 0;
  std::shared_ptr<const content> records_;
  caf::actor courier_;
};

/// The delivery has been dealt with: there is room for another. Repeating it
/// does nothing.
template <class Self, class T>
void acknowledge(Self&& self, const delivery<T>& what) {
  self->send(what.courier(), delivery_ack{what.sequence()});
}

struct actor_sink_options {
  /// Deliveries without an acknowledgement, per subtask of the sink.
  std::uint32_t window = 8;
};

/// Delivers batches to an actor. Without acknowledgements the subtask stops
/// consuming; it ends when all are acknowledged. A receiver that ends before
/// that fails the job.
template <class T>
class actor_sink final : public sink<T> {
public:
  actor_sink(caf::actor receiver, std::string receiver_name,
             const actor_sink_options& options)
    : receiver_(receiver.address()), receiver_name_(std::move(receiver_name)),
      options_(options), system_(&receiver.home_system()) {}

  [[nodiscard]] std::string kind() const override { return "actor sink"; }
  [[nodiscard]] sink_guarantee guarantee() const override {
    return sink_guarantee::at_least_once;
  }
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer() const override {
    return std::make_unique<writer>(*this);
  }

private:
  class writer final : public sink_writer<T> {
  public:
    explicit writer(const actor_sink& described)
      : described_(described),
        window_(std::make_shared<delivery_window>(described.options_.window)) {}
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;
    ~writer() override { close(); }

    void set_waker(std::function<void()> waker) override {
      window_->set_waker(std::move(waker));
    }

    expected<void> open(runtime_context& context) override {
      subtask_ = context.subtask_index();
      const auto receiver = caf::actor_cast<caf::actor>(described_.receiver_);
      if (!receiver)
        return error{error_code::user_function,
                     "the receiver \"" + described_.receiver_name_
                       + "\" has ended: it is not reachable",
                     error_severity::fatal};
      courier_ = described_.system_->template spawn<courier_actor>(
        receiver, described_.receiver_name_, described_.options_.window,
        window_);
      return {};
    }

    [[nodiscard]] bool full() const override { return window_->full(); }
    expected<void> resume() override { return window_->health(); }

    expected<void> write(std::span<const T> values,
                         std::span<const timestamp> stamps) override {
      using content = typename delivery<T>::content;
      auto records = std::make_shared<const content>(content{
        {values.begin(), values.end()}, {stamps.begin(), stamps.end()}});
      window_->given();
      const std::uint64_t sequence = ++written_;
      caf::anon_send(
        courier_, outgoing_batch{sequence, caf::make_message(delivery<T>{
                                             subtask_, sequence,
                                             std::move(records), courier_})});
      return {};
    }

    expected<void> finish() override {
      window_->finish();
      return {};
    }

    void close() override {
      if (courier_)
        caf::anon_send(courier_, close_atom::value);
      courier_ = {};
    }

  private:
    const actor_sink& described_; // the graph, which outlives its tasks
    std::shared_ptr<delivery_window> window_;
    caf::actor courier_;
    std::uint32_t subtask_ = 0;
    std::uint64_t written_ = 0;
  };

  caf::actor_addr receiver_; // weak: the graph must not keep it
  std::string receiver_name_;
  actor_sink_options options_;
  caf::actor_system* system_;
};

/// Ends a stream at an actor, which gets `delivery<T>` messages.
/// @param receiver kept alive by the program until the job has ended
/// @param name of the operator, and of the receiver in messages of failures
template <class T>
stream_sink to_actor(const data_stream<T>& stream, const caf::actor& receiver,
                     std::string name, const actor_sink_options& options = {}) {
  auto result =
    stream.sink_to(std::make_shared<actor_sink<T>>(receiver, name, options));
  result.name(std::move(name));
  return result;
}

} // namespace flow

namespace caf {

/// Deliveries stay within the process, whatever T is.
template <class T>
struct allowed_unsafe_message_type<flow::delivery<T>> : std::true_type {};

} // namespace caf
