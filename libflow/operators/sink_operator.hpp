#pragma once

#include "libflow/functions/sink.hpp"
#include "libflow/operators/operator.hpp"
#include "libflow/operators/user_error.hpp"

namespace flow {

/// What of a sink_operator knows no record type.
class sink_operator_base : public operator_base {
public:
  ~sink_operator_base() override;

  void open(const operator_context& context) override;
  /// A full writer holds up the whole chain, so that no more input is taken.
  [[nodiscard]] bool pending() const override;
  [[nodiscard]] bool waiting() const override { return true; }
  void resume() override;
  void flush() override;
  void finish() override;
  [[nodiscard]] operator_capture
  capture(const snapshot_context& context) override;
  expected<void> restore(std::span<const operator_snapshot> parts) override;
  void checkpoint_completed(std::uint64_t id) override;
  void checkpoint_aborted(std::uint64_t id) override;
  void close() override;

protected:
  sink_operator_base(std::string name,
                     std::unique_ptr<sink_writer_base> writer);

  void count_batch(std::size_t records) noexcept {
    counts_.records_in += records;
    counts_.records_out += records;
    unflushed_ = true;
  }

  [[nodiscard]] sink_writer_base& writer() const noexcept { return *writer_; }

  /// Runs a call of the writer; its error fails the attempt.
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

private:
  std::unique_ptr<sink_writer_base> writer_;
  std::optional<runtime_context> context_;
  bool unflushed_ = false;
};

/// Ends a chain: hands batches to a sink's writer.
template <class T>
class sink_operator final : public sink_operator_base, public receiver<T> {
public:
  sink_operator(std::string name, std::unique_ptr<sink_writer<T>> writer)
    : sink_operator_base(std::move(name), std::move(writer)) {}

  receiver_base& input(std::size_t) override { return *this; }

  void receive(record_batch_ptr<T> batch) override {
    count_batch(batch->size());
    guarded([&] {
      return static_cast<sink_writer<T>&>(writer()).write(
        std::as_const(*batch).values(), batch->timestamps());
    });
  }

  void receive_watermark(timestamp) override {}
  void receive_status(stream_status) override {}
  [[nodiscard]] bool full() const override { return writer().full(); }
};

} // namespace flow
