#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "libflow/core/batch.hpp"
#include "libflow/core/receiver.hpp"
#include "libflow/exchange/output_channels.hpp"

namespace flow {

/// Where the batches of a port go.
enum class port_shape : std::uint8_t {
  scatter,   ///< one open batch a channel
  one_way,   ///< one open batch, to the first channel
  broadcast, ///< one open batch, to every channel
};

/// One outgoing edge of a subtask: gathers the records of its chain into open
/// batches and sends full ones. This is the part that needs no record type;
/// batch_writer<T> adds it. A watermark seals the open batch of every channel
/// and rides on it, so that records and watermarks keep their order on a
/// channel whatever the batch size.
/// @thread the subtask that owns it
class output_port {
public:
  output_port(channel_sink& target, std::size_t channel_count,
              port_shape shape);
  output_port(const output_port&) = delete;
  output_port& operator=(const output_port&) = delete;
  virtual ~output_port();

  /// Where the chain puts records, watermarks and statuses.
  [[nodiscard]] virtual receiver_base& input() = 0;

  /// Sends the open batches on; those without credit stay open.
  void flush();

  /// Number of records in open batches.
  [[nodiscard]] std::size_t open_records() const;

  /// Seals all open batches, then sends `element` on every channel.
  void broadcast(const stream_element& element);

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
  /// An open batch. `rows` are written behind the batch's back, where records
  /// are plain bytes: the batch is cut to `count` when it is sealed.
  struct open_batch {
    batch_ptr batch;
    void* rows = nullptr;
    timestamp* stamps = nullptr;
    std::uint64_t* hashes = nullptr;
    std::size_t count = 0;
  };

  void seal(std::size_t slot);
  void seal_all();
  void send_watermark(timestamp mark);

  /// After records came in: remembers since when some are open.
  void note_open() noexcept;

  output_channels channels_;
  std::vector<open_batch> open_;

private:
  void send_sealed(std::size_t slot, timestamp mark);
  [[nodiscard]] std::size_t targets() const;
  [[nodiscard]] bool has_credit(std::size_t slot) const;

  port_shape shape_;
  std::chrono::nanoseconds now_{0};
  std::optional<std::chrono::nanoseconds> open_since_;
};

} // namespace flow
