#pragma once

#include <algorithm>

#include "libflow/core/limits.hpp"
#include "libflow/functions/source.hpp"
#include "libflow/operators/arrival_stamps.hpp"
#include "libflow/operators/operator.hpp"
#include "libflow/operators/user_error.hpp"

namespace flow {

/// Heads a source chain: polls the reader and pushes what it read.
template <class T>
class source_operator final : public source_operator_base {
public:
  source_operator(std::string name, receiver<T>& out,
                  std::unique_ptr<source_reader<T>> reader)
    : source_operator_base(std::move(name)), out_(&out),
      reader_(std::move(reader)) {}

  void open(const operator_context& context) override {
    context_.emplace(context.place, sides_, context.request_split,
                     context.wake);
    if (context.stamps_arrival)
      arrivals_.emplace(context);
    guarded([&] { check(reader_->open(*context_)); });
  }

  poll_result poll(std::size_t room) override {
    auto batch = record_batch<T>::make();
    poll_result result;
    guarded([&] {
      auto polled = reader_->poll(*batch, std::min(room, most_records));
      check(polled);
      result = *polled;
    });
    counts_.records_in += batch->size();
    counts_.skipped_records = context_->skipped();
    if (!batch->empty()) {
      const std::size_t rows = batch->size();
      counts_.records_out += rows;
      if (arrivals_)
        arrivals_->stamp(batch->mutable_timestamps());
      out_->receive(std::move(batch));
      if (arrivals_)
        pass_on(arrivals_->on_rows(rows));
    }
    sides_.flush();
    return result;
  }

  void add_split(std::span<const std::byte> split) override {
    guarded([&] { check(reader_->add_split(split)); });
  }
  void no_more_splits() override { reader_->no_more_splits(); }
  void stop() override {
    if (arrivals_)
      arrivals_->stop();
    reader_->stop();
  }
  void emit_watermark(timestamp mark) override {
    if (mark == max_timestamp)
      arrivals_.reset();
    pass_on(mark);
  }

  [[nodiscard]] std::chrono::nanoseconds next_deadline() const override {
    return arrivals_ ? arrivals_->next_deadline()
                     : std::chrono::nanoseconds::max();
  }
  void on_time(std::chrono::nanoseconds now) override {
    if (arrivals_)
      pass_on(arrivals_->on_time(now));
  }

  [[nodiscard]] std::optional<double> progress() const override {
    return reader_->progress();
  }

  [[nodiscard]] operator_capture
  capture(const snapshot_context& context) override {
    operator_capture result;
    guarded([&] {
      reader_->begin_snapshot(context);
      result.list = reader_->snapshot();
    });
    if (arrivals_)
      result.broadcast = arrivals_->snapshot();
    return result;
  }
  void checkpoint_completed(std::uint64_t id) override {
    guarded([&] { reader_->checkpoint_completed(id); });
  }
  void checkpoint_aborted(std::uint64_t id) override {
    guarded([&] { reader_->checkpoint_aborted(id); });
  }

  expected<void> restore(std::span<const operator_snapshot> parts) override {
    std::vector<byte_string> entries;
    for (const auto& part : parts) {
      entries.insert(entries.end(), part.list.begin(), part.list.end());
      if (arrivals_ && !part.broadcast.empty()
          && !arrivals_->restore(part.broadcast))
        return error{error_code::corrupt_data,
                     "operator \"" + name()
                       + "\": the state of its timestamps is cut short"};
    }
    return reader_->restore(entries);
  }

  void close() override { reader_->close(); }

private:
  /// Large records: what is read stays in the cache until it has gone on.
  static constexpr std::size_t most_records = std::clamp<std::size_t>(
    limits::source_batch_bytes / sizeof(T), 32, limits::batch_target_records);

  void pass_on(std::optional<timestamp> mark) {
    if (!mark)
      return;
    out_->receive_watermark(*mark);
    sides_.receive_watermark(*mark);
  }

  template <class Result>
  void check(const Result& result) {
    if (!result)
      throw task_failure{result.error()};
  }

  template <class F>
  void guarded(F&& f) {
    guard_user_code(name(), std::forward<F>(f), [] { return std::string{}; });
  }

  receiver<T>* out_; // not owned
  std::unique_ptr<source_reader<T>> reader_;
  std::optional<source_context> context_;
  std::optional<arrival_stamps> arrivals_; // in ingestion time, until the end
};

} // namespace flow
