#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "libflow/connectors/csv/csv_writer.hpp"
#include "libflow/connectors/files/part_writer.hpp"
#include "libflow/core/file_system.hpp"
#include "libflow/functions/sink.hpp"

namespace flow {

/// Where a file_sink writes.
struct file_sink_settings {
  std::shared_ptr<file_system> files;
  std::string folder; ///< `DIR/results`, `DIR/late` or `DIR/dead-letter`
  std::string header; ///< first line of each part, with its end
  std::uint64_t roll_bytes = std::uint64_t{128} << 20;
};

/// Writes rows of CSV into parts of a folder (files/output_directory.hpp).
/// `Format` is `void(const T&, csv_writer&)` and writes one row. A part becomes
/// visible whole, when it is full or the stream has ended. At least once: after
/// a restart, rows of parts that were visible before are written again.
template <class T, class Format>
requires std::invocable<Format&, const T&, csv_writer&>
class file_sink final : public sink<T> {
public:
  file_sink(file_sink_settings settings, Format format)
    : settings_(std::move(settings)), format_(std::move(format)) {}

  [[nodiscard]] std::string kind() const override { return "csv files"; }
  [[nodiscard]] sink_guarantee guarantee() const override {
    return sink_guarantee::at_least_once;
  }
  [[nodiscard]] bool blocking() const override { return true; }
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer() const override {
    return std::make_unique<writer>(settings_, format_);
  }

private:
  class writer final : public sink_writer<T> {
  public:
    writer(file_sink_settings settings, Format format)
      : settings_(std::move(settings)), format_(std::move(format)) {}

    expected<void> open(runtime_context& context) override {
      auto& files = *settings_.files;
      if (auto done = files.make_directories(settings_.folder); !done)
        return done;
      auto subtask = context.subtask_index();
      auto first = next_part_number(files, settings_.folder, subtask);
      if (!first)
        return first.error();
      parts_.emplace(files, part_settings{settings_.folder, subtask,
                                          std::to_string(context.attempt()),
                                          settings_.header, *first,
                                          settings_.roll_bytes});
      return {};
    }

    expected<void> write(std::span<const T> values,
                         std::span<const timestamp>) override {
      for (const auto& value : values) {
        format_(value, rows_);
        if (rows_.bytes().size() >= buffer_bytes)
          if (auto done = write_rows(); !done)
            return done;
      }
      return {};
    }

    expected<void> finish() override {
      if (auto done = write_rows(); !done)
        return done;
      return commit();
    }

    /// Nothing half-written stays behind a failure.
    void close() override {
      if (parts_)
        (void)parts_->abort();
    }

  private:
    static constexpr std::size_t buffer_bytes = std::size_t{64} << 10;

    expected<void> write_rows() {
      auto done = parts_->write(rows_.bytes());
      rows_.clear();
      return done && parts_->has_full_parts() ? commit() : done;
    }

    expected<void> commit() {
      auto pending = parts_->pre_commit();
      if (!pending)
        return pending.error();
      for (const auto& part : *pending)
        if (auto done = commit_part(*settings_.files, part); !done)
          return done;
      return {};
    }

    file_sink_settings settings_;
    Format format_;
    std::optional<part_writer> parts_;
    csv_writer rows_;
  };

  file_sink_settings settings_;
  Format format_;
};

/// A file_sink of records of type T.
template <class T, class Format>
auto make_file_sink(file_sink_settings settings, Format format) {
  return std::make_shared<file_sink<T, Format>>(std::move(settings),
                                                std::move(format));
}

} // namespace flow
