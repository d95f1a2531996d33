#pragma once

#include <algorithm>
#include <vector>

#include "libflow/core/bytes.hpp"
#include "libflow/functions/watermark_strategy.hpp"
#include "libflow/operators/one_input.hpp"
#include "libflow/operators/source_alignment.hpp"
#include "libflow/time/idleness_detector.hpp"
#include "libflow/time/watermark_cadence.hpp"

namespace flow {

/// Gives records their timestamps and puts out watermarks by a strategy. A
/// batch is cut where a watermark falls, so that the order of records and
/// watermarks does not depend on how records were batched. Watermarks and
/// statuses from upstream end here, apart from the last watermark.
template <class T, class Strategy>
class watermark_operator final : public streamlined_operator<T, T>,
                                 public alignable_watermarks {
  using base = streamlined_operator<T, T>;
  using nanoseconds = std::chrono::nanoseconds;

  static constexpr bool keeps_timestamps = [] {
    if constexpr (requires { Strategy::keeps_timestamps; })
      return Strategy::keeps_timestamps;
    else
      return false;
  }();

public:
  watermark_operator(std::string name, receiver<T>& out, Strategy strategy)
    : base(std::move(name), out), strategy_(std::move(strategy)),
      generator_(strategy_.make_generator()) {
    if (auto timeout = strategy_.idle_timeout())
      idleness_.emplace(*timeout);
  }

  void open(const operator_context& context) override {
    time_ = context.time;
    interval_ = context.watermark_interval;
    cadence_ = context.watermark_every_rows > 0
                 ? watermark_cadence::every_rows(context.watermark_every_rows)
                 : watermark_cadence::by_clock(interval_, time_->steady());
  }

  void receive(record_batch_ptr<T> batch) override {
    this->counts_.records_in += batch->size();
    if (idleness_) {
      idleness_->on_activity();
      // What the chain does with the records is no silence of the stream.
      idleness_->pause(time_->steady());
    }
    records_since_tick_ = true;
    batch = make_exclusive(std::move(batch));
    stamp(*batch);
    this->counts_.records_out += batch->size();
    if (batch->empty())
      batch = nullptr;
    for (std::size_t done = 0; batch;)
      done = pass_on(batch, done);
    if (idleness_)
      count_silence(time_->steady());
  }

  void receive_watermark(timestamp mark) override {
    if (mark != max_timestamp)
      return;
    ended_ = true;
    emit(mark);
  }
  void receive_status(stream_status) override {} // not passed on

  /// Without records since the last tick there is nothing to put out, so an
  /// idle stream costs no wake-ups.
  [[nodiscard]] nanoseconds next_deadline() const override {
    if (ended_)
      return nanoseconds::max();
    const bool probing = idleness_ && !idleness_->idle();
    if (!records_since_tick_ && !probing)
      return nanoseconds::max();
    return probing && next_probe_ < cadence_->next_deadline()
             ? next_probe_
             : cadence_->next_deadline();
  }

  void on_time(nanoseconds now) override {
    if (ended_)
      return;
    if (cadence_->on_time(now)) {
      records_since_tick_ = false;
      emit(generator_.on_periodic());
    }
    if (idleness_)
      count_silence(now);
    if (idleness_ && now >= next_probe_) {
      next_probe_ = now + interval_;
      if (idleness_->probe(now))
        declare(stream_status::idle);
    }
  }

  [[nodiscard]] timestamp reached() const override {
    if constexpr (requires { generator_.current(); })
      return generator_.current();
    else
      return generator_.snapshot().last_emitted;
  }

  [[nodiscard]] bool silent() const override {
    return ended_ || (idleness_ && idleness_->idle());
  }

  void hold(bool held, nanoseconds now) override {
    held_ = held;
    if (idleness_)
      count_silence(now);
  }

  [[nodiscard]] operator_capture capture(const snapshot_context&) override {
    const generator_state state = generator_.snapshot();
    byte_string bytes;
    {
      byte_writer writer{bytes};
      writer.write_int(state.max_seen);
      writer.write_int(state.last_emitted);
      writer.write_int(cadence_->rows_since_cut());
    }
    operator_capture result;
    result.broadcast = std::move(bytes);
    return result;
  }

  /// With another parallelism nobody knows which of the old generators saw the
  /// splits that are now here: the lowest of all holds, so that no record
  /// becomes late by the restore. The watermark that held is put out again:
  /// operators below it in the chain have no valve that would remember it.
  expected<void> restore(std::span<const operator_snapshot> parts) override {
    std::optional<generator_state> lowest;
    for (const auto& part : parts) {
      byte_reader reader{part.broadcast};
      generator_state state;
      std::uint64_t rows = 0;
      if (!reader.read_int(state.max_seen)
          || !reader.read_int(state.last_emitted) || !reader.read_int(rows))
        return error{error_code::corrupt_data,
                     "operator \"" + this->name()
                       + "\": the state of its watermarks is cut short"};
      if (!lowest || state.max_seen < lowest->max_seen)
        lowest = state;
      cadence_->restore(rows);
    }
    if (!lowest)
      return {};
    generator_.restore(*lowest);
    if (lowest->last_emitted != min_timestamp)
      emit(lowest->last_emitted);
    return {};
  }

private:
  void stamp(record_batch<T>& batch) {
    if constexpr (keeps_timestamps)
      return;
    if constexpr (requires { Strategy::stamps_arrival; })
      if (Strategy::stamps_arrival) {
        std::ranges::fill(batch.mutable_timestamps(), time_->now());
        return;
      }
    const auto values = std::as_const(batch).values();
    auto stamps = batch.mutable_timestamps();
    std::size_t at = 0;
    std::vector<std::size_t> left_out;
    const auto skipped = this->counts_.skipped_records;
    this->guard_records(at, values.size(), values, stamps, [&] {
      if (this->counts_.skipped_records > skipped + left_out.size())
        left_out.push_back(at - 1);
      for (; at < values.size(); ++at)
        stamps[at] = strategy_.timestamp_of(values[at]);
    });
    if (left_out.empty())
      return;
    this->sides_.flush();
    batch.keep_if([&](const T&, std::size_t index) {
      return !std::ranges::binary_search(left_out, index);
    });
  }

  /// Feeds the generator and hands on the records up to the next cut; takes
  /// the batch away with its last record.
  std::size_t pass_on(record_batch_ptr<T>& batch, std::size_t first) {
    const std::size_t rest = batch->size() - first;
    std::size_t rows = std::min(rest, cadence_->rows_until_cut());
    std::optional<timestamp> mark;
    if constexpr (requires(std::span<const T> values,
                           std::span<const timestamp> stamps) {
                    generator_.on_batch(values, stamps);
                  }) {
      const auto fed =
        generator_.on_batch(std::as_const(*batch).values().subspan(first, rows),
                            batch->timestamps().subspan(first, rows));
      rows = fed.rows;
      mark = fed.watermark;
    } else {
      generator_.on_batch(batch->timestamps().subspan(first, rows));
    }
    if (cadence_->on_rows(rows))
      mark = std::max(mark, generator_.on_periodic());
    hand_on(batch, first, first + rows);
    emit(mark);
    return first + rows;
  }

  void hand_on(record_batch_ptr<T>& batch, std::size_t first,
               std::size_t last) {
    const bool ends = last == batch->size();
    if (first == 0 && ends) {
      this->out_->receive(std::move(batch));
      return;
    }
    auto piece = record_batch<T>::make();
    piece->append_range(*batch, first, last);
    if (ends)
      batch = nullptr;
    this->out_->receive(std::move(piece));
  }

  /// A stream that was idle is active again with its next watermark: until
  /// then it has nothing to hold the others back with.
  void emit(std::optional<timestamp> mark) {
    if (!mark)
      return;
    declare(stream_status::active);
    base::receive_watermark(*mark);
  }

  /// Time in which nothing could be read, the output being full or the source
  /// waiting for others, is no silence.
  void count_silence(nanoseconds now) {
    if (held_ || base::full())
      idleness_->pause(now);
    else
      idleness_->resume(now);
  }

  void declare(stream_status status) {
    if (std::exchange(declared_, status) != status)
      base::receive_status(status);
  }

  Strategy strategy_;
  typename Strategy::generator generator_;
  std::optional<watermark_cadence> cadence_;
  std::optional<idleness_detector> idleness_;
  const clock* time_ = nullptr;
  duration_ms interval_{200};
  nanoseconds next_probe_{0};
  bool records_since_tick_ = false;
  bool held_ = false; // its source waits for others
  stream_status declared_ = stream_status::active; // downstream knows
  bool ended_ = false; // the last watermark has passed
};

} // namespace flow
