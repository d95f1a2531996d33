#include "libflow/connectors/files/text_source.hpp"

#include <optional>
#include <utility>

#include "libflow/connectors/files/file_coordinator.hpp"
#include "libflow/connectors/files/line_reader.hpp"
#include "libflow/connectors/files/split_intake.hpp"

namespace flow {

namespace {

class text_reader final : public source_reader<text> {
public:
  text_reader(std::shared_ptr<file_system> files, std::string path)
    : files_(std::move(files)), path_(std::move(path)) {}

  expected<void> open(source_context& context) override {
    context_ = &context;
    auto file = files_->open(path_);
    if (!file)
      return file.error();
    auto size = (*file)->size();
    if (!size)
      return size.error();
    lines_.emplace(std::move(*file), path_, *size, long_line_policy::cut);
    return {};
  }

  expected<poll_result> poll(record_batch<text>& out,
                             std::size_t room) override {
    if (stopped_)
      return poll_result{poll_status::finished, {}};
    if (!reading_) {
      auto split = intake_.take();
      if (!split)
        return intake_.wait(*context_);
      if (auto done = lines_->start(*split); !done)
        return done.error();
      reading_ = true;
    }
    text_line line;
    for (; room > 0 && !out.at_target(); --room) {
      auto found = lines_->next(line);
      if (found == line_status::failed)
        return lines_->failure();
      if (found == line_status::end) {
        reading_ = false;
        break;
      }
      out.append(text::borrow(line.text), min_timestamp);
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
      entries.push_back(encoded_split(lines_->progress()));
    intake_.snapshot(entries);
    return entries;
  }

  expected<void> restore(std::span<const byte_string> entries) override {
    for (const auto& entry : entries)
      if (auto done = intake_.add(entry); !done)
        return done;
    return {};
  }

private:
  std::shared_ptr<file_system> files_;
  std::string path_;
  source_context* context_ = nullptr; // the subtask's
  std::optional<line_reader> lines_;
  split_intake intake_;
  bool reading_ = false;
  bool stopped_ = false;
};

} // namespace

std::unique_ptr<source_reader<text>> text_source::make_reader() const {
  return std::make_unique<text_reader>(files_, path_);
}

std::unique_ptr<split_coordinator> text_source::make_coordinator() const {
  auto find = [files = files_, path = path_]() -> expected<file_split> {
    auto file = files->open(path);
    if (!file)
      return file.error();
    auto kind = files->kind_of(path);
    if (!kind)
      return kind.error();
    if (*kind != file_kind::regular)
      return error{error_code::invalid_argument,
                   path
                     + ": not a regular file, whose parts can be read on "
                       "their own",
                   error_severity::fatal};
    auto size = (*file)->size();
    if (!size)
      return size.error();
    return file_split{0, *size};
  };
  return std::make_unique<file_coordinator>(std::move(find));
}

} // namespace flow
