#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "libflow/checkpoint/two_phase_commit.hpp"
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
/// `Format` is `void(const T&, csv_writer&)` and writes one row.
///
/// Exactly once: a part becomes visible when the checkpoint that holds it has
/// completed, at most a moment later, and never changes then. Without
/// checkpoints all parts become visible when the whole job has ended well. A
/// failure between that and the end of the process is made up for by the
/// restored job; what a former attempt wrote and no checkpoint holds is removed
/// when the first checkpoint after the restore completes.
template <class T, class Format>
requires std::invocable<Format&, const T&, csv_writer&>
class file_sink final : public sink<T> {
public:
  file_sink(file_sink_settings settings, Format format)
    : settings_(std::move(settings)), format_(std::move(format)) {}

  [[nodiscard]] std::string kind() const override { return "csv files"; }
  [[nodiscard]] sink_guarantee guarantee() const override {
    return sink_guarantee::exactly_once;
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
      index_ = context.subtask_index();
      parallelism_ = context.parallelism();
      tag_ =
        context.job_id() + "." + context.operator_id() + "." + context.run();
      auto first = next_part_number(files, settings_.folder);
      if (!first)
        return first.error();
      parts_.emplace(files, part_settings{settings_.folder, index_, tag_,
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

    expected<writer_snapshot>
    snapshot(const snapshot_context& context) override {
      if (auto done = write_rows(); !done)
        return done.error();
      auto sealed = parts_->seal();
      for (const auto& part : sealed.parts)
        commits_.prepared(context.checkpoint_id, part);
      undurable_->add(std::move(sealed));
      return writer_snapshot{commits_.entries(),
                             [parts = undurable_, files = settings_.files] {
                               return parts->sync();
                             }};
    }

    expected<void>
    restore(std::span<const std::vector<std::byte>> entries) override {
      return commits_.recover(entries, commit());
    }

    expected<void> checkpoint_completed(std::uint64_t id) override {
      if (auto done = commits_.completed(id, commit()); !done)
        return done;
      // By now every subtask has committed what it was restored with.
      if (std::exchange(cleaned_, true))
        return {};
      return remove_stale_parts(*settings_.files, settings_.folder, index_,
                                parallelism_, tag_);
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
      return done;
    }

    auto commit() {
      return [this](const pending_part& part) {
        return commit_part(*settings_.files, part);
      };
    }

    file_sink_settings settings_;
    Format format_;
    std::optional<part_writer> parts_;
    two_phase_commit<pending_part> commits_;
    std::shared_ptr<undurable_parts> undurable_ =
      std::make_shared<undurable_parts>();
    csv_writer rows_;
    std::uint32_t index_ = 0;
    std::uint32_t parallelism_ = 1;
    std::string tag_;
    bool cleaned_ = false;
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
