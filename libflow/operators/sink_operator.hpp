#pragma once

#include "libflow/functions/sink.hpp"
#include "libflow/operators/operator.hpp"
#include "libflow/operators/user_error.hpp"

namespace flow {

/// Ends a chain: hands batches to a sink's writer.
template <class T>
class sink_operator final : public operator_base, public receiver<T> {
public:
  sink_operator(std::string name, std::unique_ptr<sink_writer<T>> writer)
    : operator_base(std::move(name)), writer_(std::move(writer)) {}

  receiver_base& input(std::size_t) override { return *this; }

  void open(const operator_context& context) override {
    context_.emplace(context.place);
    writer_->set_waker(context.wake);
    guarded([&] { return writer_->open(*context_); });
  }

  void receive(record_batch_ptr<T> batch) override {
    counts_.records_in += batch->size();
    counts_.records_out += batch->size();
    unflushed_ = true;
    guarded([&] {
      return writer_->write(std::as_const(*batch).values(),
                            batch->timestamps());
    });
  }

  void receive_watermark(timestamp) override {}
  void receive_status(stream_status) override {}
  [[nodiscard]] bool full() const override { return writer_->full(); }

  /// A full writer holds up the whole chain, so that no more input is taken.
  [[nodiscard]] bool pending() const override { return writer_->full(); }
  [[nodiscard]] bool waiting() const override { return true; }
  void resume() override {
    guarded([&] { return writer_->resume(); });
  }

  void flush() override {
    if (std::exchange(unflushed_, false))
      guarded([&] { return writer_->flush(); });
  }

  void finish() override {
    guarded([&] { return writer_->finish(); });
  }

  [[nodiscard]] operator_capture
  capture(const snapshot_context& context) override {
    operator_capture result;
    guarded([&]() -> expected<void> {
      auto taken = writer_->snapshot(context);
      if (!taken)
        return taken.error();
      result.list = std::move(taken->entries);
      result.work = std::move(taken->work);
      result.large_list = std::move(taken->large_entries);
      return {};
    });
    return result;
  }
  expected<void> restore(std::span<const operator_snapshot> parts) override {
    std::vector<byte_string> entries;
    for (const auto& part : parts)
      entries.insert(entries.end(), part.list.begin(), part.list.end());
    guarded([&] { return writer_->restore(entries); });
    return {};
  }
  void checkpoint_completed(std::uint64_t id) override {
    guarded([&] { return writer_->checkpoint_completed(id); });
  }
  void checkpoint_aborted(std::uint64_t id) override {
    guarded([&] { return writer_->checkpoint_aborted(id); });
  }

  void close() override { writer_->close(); }

private:
  template <class F>
  void guarded(F&& f) {
    guard_user_code(
      name(),
      [&] {
        if (auto result = f(); !result)
          throw task_failure{result.error()};
      },
      [] { return std::string{}; });
  }

  std::unique_ptr<sink_writer<T>> writer_;
  std::optional<runtime_context> context_;
  bool unflushed_ = false;
};

} // namespace flow
