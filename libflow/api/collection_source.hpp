#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "libflow/core/bytes.hpp"
#include "libflow/functions/source.hpp"

namespace flow {

/// Records from memory, in order, by one subtask. Replayable: its position is
/// an index.
template <class T>
class collection_source final : public source<T> {
public:
  explicit collection_source(std::vector<T> records)
    : records_(std::make_shared<const std::vector<T>>(std::move(records))) {}

  [[nodiscard]] std::string kind() const override { return "collection"; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] replay_guarantee replay() const override {
    return replay_guarantee::replayable;
  }
  [[nodiscard]] std::uint32_t required_parallelism() const override {
    return 1;
  }
  [[nodiscard]] std::unique_ptr<source_reader<T>> make_reader() const override {
    return std::make_unique<reader>(records_);
  }

private:
  class reader final : public source_reader<T> {
  public:
    explicit reader(std::shared_ptr<const std::vector<T>> records)
      : records_(std::move(records)) {}

    expected<void> open(source_context&) override { return {}; }

    expected<poll_result> poll(record_batch<T>& out,
                               std::size_t room) override {
      const std::size_t end = std::min(next_ + room, records_->size());
      for (; next_ < end && !stopped_; ++next_)
        out.append((*records_)[next_], min_timestamp);
      const bool done = stopped_ || next_ == records_->size();
      return poll_result{done ? poll_status::finished : poll_status::more, {}};
    }

    void stop() override { stopped_ = true; }

    [[nodiscard]] std::vector<byte_string> snapshot() const override {
      byte_string position;
      byte_writer{position}.write_int(static_cast<std::uint64_t>(next_));
      return {position};
    }

    expected<void> restore(std::span<const byte_string> entries) override {
      for (const auto& entry : entries) {
        std::uint64_t position = 0;
        if (!byte_reader{entry}.read_int(position)
            || position > records_->size())
          return error{error_code::corrupt_data,
                       "the position in a collection cannot be read"};
        next_ = position;
      }
      return {};
    }

    [[nodiscard]] std::optional<double> progress() const override {
      if (records_->empty())
        return 1;
      return static_cast<double>(next_) / static_cast<double>(records_->size());
    }

  private:
    std::shared_ptr<const std::vector<T>> records_;
    std::size_t next_ = 0;
    bool stopped_ = false;
  };

  std::shared_ptr<const std::vector<T>> records_;
};

} // namespace flow
