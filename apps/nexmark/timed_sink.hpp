#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "apps/nexmark/latency.hpp"

namespace nexmark {

/// Notes how long rows took to another sink, one row a batch: the first, which
/// has waited longest. Batches that follow another within 50 us are left out,
/// so that measuring costs little.
template <class Row>
class timed_sink final : public flow::sink<Row> {
public:
  timed_sink(std::shared_ptr<const flow::sink<Row>> inner,
             std::shared_ptr<latencies> took)
    : inner_(std::move(inner)), took_(std::move(took)) {}

  [[nodiscard]] std::string kind() const override { return inner_->kind(); }
  [[nodiscard]] flow::sink_guarantee guarantee() const override {
    return inner_->guarantee();
  }
  [[nodiscard]] bool blocking() const override { return inner_->blocking(); }
  [[nodiscard]] std::unique_ptr<flow::sink_writer<Row>>
  make_writer() const override {
    return std::make_unique<writer>(inner_->make_writer(), took_);
  }

private:
  class writer final : public flow::sink_writer<Row> {
  public:
    writer(std::unique_ptr<flow::sink_writer<Row>> inner,
           std::shared_ptr<latencies> took)
      : inner_(std::move(inner)), took_(std::move(took)) {}

    flow::expected<void> open(flow::runtime_context& context) override {
      index_ = context.subtask_index();
      return inner_->open(context);
    }
    void set_waker(std::function<void()> waker) override {
      inner_->set_waker(std::move(waker));
    }
    [[nodiscard]] bool full() const override { return inner_->full(); }
    flow::expected<void> resume() override { return inner_->resume(); }

    flow::expected<void>
    write(std::span<const Row> rows,
          std::span<const flow::timestamp> stamps) override {
      auto done = inner_->write(rows, stamps);
      if (!stamps.empty())
        note(stamps.front());
      return done;
    }

    flow::expected<void> flush() override { return inner_->flush(); }
    flow::expected<void> finish() override {
      if (auto done = took_->set(index_, seen_); !done)
        return done;
      return inner_->finish();
    }
    flow::expected<flow::writer_snapshot>
    snapshot(const flow::snapshot_context& context) override {
      return inner_->snapshot(context);
    }
    flow::expected<void>
    restore(std::span<const std::vector<std::byte>> entries) override {
      return inner_->restore(entries);
    }
    flow::expected<void> checkpoint_completed(std::uint64_t id) override {
      return inner_->checkpoint_completed(id);
    }
    flow::expected<void> checkpoint_aborted(std::uint64_t id) override {
      return inner_->checkpoint_aborted(id);
    }
    void close() override { inner_->close(); }

  private:
    void note(flow::timestamp row_time) {
      const auto now = latencies::clock::now();
      if (now < next_)
        return;
      next_ = now + least_pause;
      if (const auto age = took_->age(row_time, now))
        ++seen_[bucket_of(static_cast<std::uint64_t>(age->count()))];
    }

    static std::uint64_t bucket_of(std::uint64_t microseconds) {
      using buckets = flow::histogram_buckets;
      return buckets::upper_bound(buckets::index_of(microseconds));
    }

    static constexpr std::chrono::microseconds least_pause{50};

    std::unique_ptr<flow::sink_writer<Row>> inner_;
    std::shared_ptr<latencies> took_;
    std::uint32_t index_ = 0;
    latencies::clock::time_point next_; ///< not noted before
    latency_counts seen_;
  };

  std::shared_ptr<const flow::sink<Row>> inner_;
  std::shared_ptr<latencies> took_;
};

} // namespace nexmark
