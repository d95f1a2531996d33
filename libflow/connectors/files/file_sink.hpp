#pragma once

#include <concepts>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "libflow/connectors/files/file_parts.hpp"
#include "libflow/core/owned.hpp"
#include "libflow/functions/sink.hpp"

namespace flow {

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
    return make_owned<sink_writer<T>, writer>(settings_, format_);
  }

private:
  class writer final : public sink_writer<T> {
  public:
    writer(file_sink_settings settings, Format format)
      : parts_(std::move(settings)), format_(std::move(format)) {}

    expected<void> open(runtime_context& context) override {
      return parts_.open(context);
    }
    expected<void> write(std::span<const T> values,
                         std::span<const timestamp>) override {
      for (const auto& value : values) {
        format_(value, parts_.rows());
        if (auto done = parts_.row_written(); !done)
          return done;
      }
      return {};
    }
    expected<writer_snapshot>
    snapshot(const snapshot_context& context) override {
      return parts_.snapshot(context);
    }
    expected<void>
    restore(std::span<const std::vector<std::byte>> entries) override {
      return parts_.restore(entries);
    }
    expected<void> checkpoint_completed(std::uint64_t id) override {
      return parts_.checkpoint_completed(id);
    }
    void close() override { parts_.close(); }

  private:
    file_parts parts_;
    Format format_;
  };

  file_sink_settings settings_;
  Format format_;
};

/// A file_sink of records of type T.
template <class T, class Format>
std::shared_ptr<const sink<T>> make_file_sink(file_sink_settings settings,
                                              Format format) {
  return make_owned<const sink<T>, file_sink<T, Format>>(std::move(settings),
                                                         std::move(format));
}

} // namespace flow
