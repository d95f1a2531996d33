#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libflow/connectors/csv/csv_file.hpp"
#include "libflow/connectors/csv/csv_malformed.hpp"
#include "libflow/connectors/files/file_coordinator.hpp"
#include "libflow/connectors/files/split_intake.hpp"
#include "libflow/core/file_system.hpp"
#include "libflow/core/output_tag.hpp"
#include "libflow/functions/source.hpp"

namespace flow {

/// A row at hand, for the function that makes a record of it. Valid during
/// that call.
class csv_row {
public:
  csv_row(const csv_row_parser& fields, std::string_view line)
    : fields_(&fields), line_(line) {}

  /// Field i of the columns asked for; of that column's type.
  [[nodiscard]] std::int64_t integer(std::size_t i) const {
    return fields_->integer(i);
  }
  [[nodiscard]] timestamp time(std::size_t i) const { return fields_->time(i); }
  [[nodiscard]] std::string_view text(std::size_t i) const {
    return fields_->text(i);
  }

  /// The whole line as read, without its end.
  [[nodiscard]] std::string_view line() const noexcept { return line_; }

private:
  const csv_row_parser* fields_; // the reader's
  std::string_view line_;
};

/// What a csv_source reads.
struct csv_source_settings {
  std::shared_ptr<file_system> files;
  std::string path;
  std::vector<csv_column> columns;
  csv_error_policy on_error = csv_error_policy::fail;
};

/// Side output of a csv_source with csv_error_policy::dead_letter.
inline const output_tag<csv_malformed_row>& dead_letter_tag() {
  static const output_tag<csv_malformed_row> tag{"dead-letter"};
  return tag;
}

/// Reads a CSV through splits handed out in file order; every row's record has
/// no timestamp. `Convert` is `T(const csv_row&)` and pure; a `text` of its
/// result may borrow from the row (`text::borrow`), it is copied at once.
/// Replayable.
template <class T, class Convert>
requires std::convertible_to<std::invoke_result_t<Convert&, const csv_row&>, T>
class csv_source final : public source<T> {
public:
  csv_source(csv_source_settings settings, Convert convert)
    : settings_(std::move(settings)), convert_(std::move(convert)) {}

  [[nodiscard]] std::string kind() const override { return "csv file"; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] replay_guarantee replay() const override {
    return replay_guarantee::replayable;
  }
  [[nodiscard]] bool blocking() const override { return true; }

  [[nodiscard]] std::unique_ptr<source_reader<T>> make_reader() const override {
    return std::make_unique<reader>(settings_, convert_);
  }

  [[nodiscard]] std::unique_ptr<split_coordinator>
  make_coordinator() const override {
    auto find = [files = settings_.files,
                 path = settings_.path]() -> expected<file_split> {
      auto facts = read_csv_facts(*files, path);
      if (!facts)
        return facts.error();
      return file_split{facts->data_begin, facts->size};
    };
    return std::make_unique<file_coordinator>(std::move(find));
  }

private:
  class reader final : public source_reader<T> {
  public:
    reader(csv_source_settings settings, Convert convert)
      : settings_(std::move(settings)), convert_(std::move(convert)) {}

    expected<void> open(source_context& context) override {
      context_ = &context;
      auto facts = read_csv_facts(*settings_.files, settings_.path);
      if (!facts)
        return facts.error();
      auto rows = csv_reader::open(*settings_.files, *facts, settings_.columns);
      if (!rows)
        return rows.error();
      rows_.emplace(std::move(*rows));
      return {};
    }

    expected<poll_result> poll(record_batch<T>& out,
                               std::size_t room) override {
      if (stopped_)
        return poll_result{poll_status::finished, {}};
      if (!reading_) {
        auto split = intake_.take();
        if (!split)
          return intake_.wait(*context_);
        if (auto done = rows_->start(*split); !done)
          return done.error();
        reading_ = true;
      }
      for (; room > 0 && !out.at_target(); --room) {
        switch (rows_->next()) {
        case csv_status::row:
          out.append(T(convert_(csv_row{rows_->row(), rows_->line()})),
                     min_timestamp);
          break;
        case csv_status::malformed:
          if (auto done = reject(); !done)
            return done.error();
          break;
        case csv_status::end:
          reading_ = false;
          return poll_result{};
        case csv_status::failed:
          return rows_->failure();
        }
        ++read_;
      }
      return poll_result{};
    }

    expected<void> add_split(std::span<const std::byte> encoded) override {
      return intake_.add(encoded);
    }
    void no_more_splits() override { intake_.none_left(); }
    void stop() override { stopped_ = true; }

    [[nodiscard]] std::vector<byte_string> snapshot() const override {
      std::vector<byte_string> entries;
      if (reading_)
        entries.push_back(encoded_split(rows_->progress()));
      intake_.snapshot(entries);
      return entries;
    }

    expected<void> restore(std::span<const byte_string> entries) override {
      for (const auto& entry : entries)
        if (auto done = intake_.add(entry); !done)
          return done;
      return {};
    }

    [[nodiscard]] std::optional<double> progress() const override {
      return static_cast<double>(read_);
    }

  private:
    expected<void> reject() {
      switch (settings_.on_error) {
      case csv_error_policy::fail:
        return rows_->malformed_failure();
      case csv_error_policy::skip:
        context_->count_skipped(1);
        return {};
      case csv_error_policy::dead_letter:
        break;
      }
      auto row = rows_->malformed_row();
      if (!row)
        return row.error();
      context_->emit(dead_letter_tag(), std::move(*row));
      return {};
    }

    csv_source_settings settings_;
    Convert convert_;
    source_context* context_ = nullptr; // the subtask's
    std::optional<csv_reader> rows_;
    split_intake intake_;
    bool reading_ = false;
    bool stopped_ = false;
    std::uint64_t read_ = 0;
  };

  csv_source_settings settings_;
  Convert convert_;
};

/// A csv_source whose record type is what `convert` returns.
template <class Convert>
auto make_csv_source(csv_source_settings settings, Convert convert) {
  using record =
    std::remove_cvref_t<std::invoke_result_t<Convert&, const csv_row&>>;
  return std::make_shared<csv_source<record, Convert>>(std::move(settings),
                                                       std::move(convert));
}

} // namespace flow
