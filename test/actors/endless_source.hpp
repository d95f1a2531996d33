#pragma once

#include <atomic>
#include <memory>

#include "libflow/flow.hpp"

namespace flow {

/// Counts from 0 until it is stopped, or stays silent. Counts how many numbers
/// it has handed out.
class endless_source final : public source<std::int64_t> {
public:
  explicit endless_source(bool silent) : silent_(silent) {}

  [[nodiscard]] std::string kind() const override { return "endless"; }
  [[nodiscard]] bool bounded() const override { return false; }
  [[nodiscard]] replay_guarantee replay() const override {
    return replay_guarantee::at_most_once;
  }
  [[nodiscard]] std::unique_ptr<source_reader<std::int64_t>>
  make_reader() const override {
    return std::make_unique<reader>(silent_, read_);
  }

  /// @thread any
  [[nodiscard]] std::int64_t read() const { return read_->load(); }

private:
  class reader final : public source_reader<std::int64_t> {
  public:
    reader(bool silent, std::shared_ptr<std::atomic<std::int64_t>> read)
      : silent_(silent), read_(std::move(read)) {}

    expected<void> open(source_context&) override { return {}; }
    expected<poll_result> poll(record_batch<std::int64_t>& out,
                               std::size_t room) override {
      if (stopped_)
        return poll_result{poll_status::finished, {}};
      if (silent_)
        return poll_result{poll_status::waiting, {}};
      for (std::size_t i = 0; i < room; ++i)
        out.append(next_++, min_timestamp);
      read_->fetch_add(static_cast<std::int64_t>(room));
      return poll_result{poll_status::more, {}};
    }
    void stop() override { stopped_ = true; }

  private:
    bool silent_;
    bool stopped_ = false;
    std::int64_t next_ = 0;
    std::shared_ptr<std::atomic<std::int64_t>> read_;
  };

  bool silent_;
  std::shared_ptr<std::atomic<std::int64_t>> read_ =
    std::make_shared<std::atomic<std::int64_t>>(0);
};

} // namespace flow
