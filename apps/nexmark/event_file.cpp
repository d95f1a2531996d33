#include "apps/nexmark/event_file.hpp"

#include <optional>

#include "apps/nexmark/json_events.hpp"
#include "libflow/connectors/files/line_numbers.hpp"
#include "libflow/connectors/files/line_reader.hpp"
#include "libflow/connectors/files/split_intake.hpp"
#include "libflow/connectors/files/text_source.hpp"

namespace nexmark {

namespace {

class reader final : public flow::source_reader<event> {
public:
  reader(std::shared_ptr<flow::file_system> files, std::string path,
         std::shared_ptr<latencies> took)
    : files_(std::move(files)), path_(std::move(path)), took_(std::move(took)) {
  }

  flow::expected<void> open(flow::source_context& context) override {
    context_ = &context;
    auto file = files_->open(path_);
    if (!file)
      return file.error();
    auto size = (*file)->size();
    if (!size)
      return size.error();
    lines_.emplace(std::move(*file), path_, *size);
    return {};
  }

  flow::expected<flow::poll_result> poll(flow::record_batch<event>& out,
                                         std::size_t room) override {
    if (stopped_)
      return flow::poll_result{flow::poll_status::finished, {}};
    if (!reading_) {
      auto split = intake_.take();
      if (!split)
        return intake_.wait(*context_);
      if (auto done = lines_->start(*split); !done)
        return done.error();
      reading_ = true;
    }
    flow::text_line line;
    for (; room > 0 && !out.at_target(); --room) {
      const auto found = lines_->next(line);
      if (found == flow::line_status::failed)
        return lines_->failure();
      if (found == flow::line_status::end) {
        reading_ = false;
        break;
      }
      if (auto done = read(line, out); !done)
        return done.error();
    }
    if (took_ && !out.empty())
      took_->read(out.timestamps().back());
    return flow::poll_result{};
  }

  flow::expected<void> add_split(std::span<const std::byte> encoded) override {
    return intake_.add(encoded);
  }
  void no_more_splits() override { intake_.none_left(); }
  void stop() override { stopped_ = true; }

  [[nodiscard]] std::vector<flow::byte_string> snapshot() const override {
    std::vector<flow::byte_string> entries;
    if (reading_)
      entries.push_back(flow::encoded_split(lines_->progress()));
    intake_.snapshot(entries);
    return entries;
  }

  flow::expected<void>
  restore(std::span<const flow::byte_string> entries) override {
    for (const auto& entry : entries)
      if (auto done = intake_.add(entry); !done)
        return done;
    return {};
  }

private:
  flow::expected<void> read(const flow::text_line& line,
                            flow::record_batch<event>& out) {
    if (line.text.empty() && line.ends_file)
      return {};
    if (line.too_long)
      return fail(line, "the line is longer than 1 MiB");
    if (auto done = parser_.parse(line.text, scratch_); !done)
      return fail(line, done.error().text);
    std::visit([&](auto& kind) { kind.position = line.offset; }, scratch_);
    out.append(std::as_const(scratch_), time_of(scratch_));
    return {};
  }

  flow::error fail(const flow::text_line& line, const std::string& what) {
    const auto number = numbers_.at(lines_->file(), line.offset);
    return {flow::error_code::malformed_input,
            path_ + ":" + (number ? std::to_string(*number) : "?") + ": "
              + what,
            flow::error_severity::fatal};
  }

  std::shared_ptr<flow::file_system> files_;
  std::string path_;
  std::shared_ptr<latencies> took_;
  flow::source_context* context_ = nullptr; // the subtask's
  std::optional<flow::line_reader> lines_;
  flow::split_intake intake_;
  flow::line_numbers numbers_;
  event_parser parser_;
  event scratch_;
  bool reading_ = false;
  bool stopped_ = false;
};

} // namespace

event_file::event_file(std::shared_ptr<flow::file_system> files,
                       std::string path, std::shared_ptr<latencies> took)
  : files_(std::move(files)), path_(std::move(path)), took_(std::move(took)) {}

std::unique_ptr<flow::source_reader<event>> event_file::make_reader() const {
  return std::make_unique<reader>(files_, path_, took_);
}

std::unique_ptr<flow::split_coordinator> event_file::make_coordinator() const {
  return flow::text_source{files_, path_}.make_coordinator();
}

} // namespace nexmark
