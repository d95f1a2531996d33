#pragma once

#include <chrono>
#include <optional>

#include "libflow/core/receiver.hpp"
#include "libflow/exchange/output_channels.hpp"

namespace flow {

/// One outgoing edge of a subtask: gathers the records of its chain into one
/// open batch a channel and sends full ones. This is the part that needs no
/// record type; batch_writer<T> adds it.
/// @thread the subtask that owns it
class output_port {
public:
  output_port(channel_sink& target, std::size_t channel_count)
    : channels_(target, channel_count) {}
  output_port(const output_port&) = delete;
  output_port& operator=(const output_port&) = delete;
  virtual ~output_port() = default;

  /// Where the chain puts records, watermarks and statuses.
  [[nodiscard]] virtual receiver_base& input() = 0;

  /// Sends the open batches on; those without credit stay open.
  virtual void flush() = 0;

  /// Number of records in open batches.
  [[nodiscard]] virtual std::size_t open_records() const = 0;

  /// Seals all open batches, then sends `element` on every channel.
  void broadcast(const stream_element& element) {
    seal_all();
    for (std::size_t i = 0; i < channels_.channel_count(); ++i)
      channels_.offer(i, element);
  }

  [[nodiscard]] output_channels& channels() noexcept { return channels_; }
  [[nodiscard]] const output_channels& channels() const noexcept {
    return channels_;
  }

  /// Steady time at which the oldest open record came in; none without one.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> open_since() const {
    return open_since_;
  }
  /// The task tells the time once a step.
  void set_time(std::chrono::nanoseconds now) noexcept { now_ = now; }

protected:
  virtual void seal_all() = 0;

  void mark_open() noexcept {
    if (!open_since_)
      open_since_ = now_;
  }
  void mark_sealed() noexcept { open_since_.reset(); }

  output_channels channels_;

private:
  std::chrono::nanoseconds now_{0};
  std::optional<std::chrono::nanoseconds> open_since_;
};

} // namespace flow
