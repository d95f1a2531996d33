#include "libflow/connectors/files/line_reader.hpp"

#include <algorithm>

#include "libflow/connectors/files/text_pieces.hpp"

namespace flow {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// A buffer that holds this much and no end of line holds a line that is too
/// long, even if the last byte read is the CR of its end.
constexpr std::size_t long_line_bytes = max_line_bytes + 2;

/// How much is read at a time behind a split's end.
constexpr std::uint64_t read_past_end_bytes = std::uint64_t{16} << 10;

} // namespace

line_reader::line_reader(std::unique_ptr<readable_file> file, std::string path,
                         std::uint64_t file_size, long_line_policy policy,
                         std::size_t block_bytes)
  : file_(std::move(file)), path_(std::move(path)), file_size_(file_size),
    policy_(policy), block_bytes_(block_bytes), capacity_(block_bytes),
    buffer_(std::make_unique_for_overwrite<char[]>(block_bytes)) {
  cursor_ = limit_ = nul_ = quote_ = return_ = buffer_.get();
}

split_progress line_reader::progress() const noexcept {
  auto result = progress_;
  result.offset = offset_of(cursor_);
  return result;
}

expected<void> line_reader::start(const split_progress& progress) {
  failure_.reset();
  if (progress.split.end > file_size_ || progress.offset > file_size_)
    return error{error_code::io,
                 path_ + ": the file is shorter than when it was split",
                 error_severity::fatal};
  progress_ = progress;
  progress_.started = true;
  inside_line_ = false;
  if (!progress.started)
    return skip_to_first_line();
  seek(progress.offset);
  if (policy_ == long_line_policy::flag || progress.offset == 0)
    return {};
  // Between two pieces of a line, the byte before is not a line's end.
  char before = '\n';
  auto got = file_->read_at(progress.offset - 1, &before, 1);
  if (!got)
    return got.error();
  inside_line_ = before != '\n';
  return {};
}

expected<void> line_reader::skip_to_first_line() {
  auto begin = progress_.split.begin;
  if (begin == 0) {
    seek(0);
    if (auto done = read_more(); !done)
      return done;
    if (std::string_view{cursor_, static_cast<std::size_t>(limit_ - cursor_)}
          .starts_with(byte_order_mark))
      skip_to(cursor_ + byte_order_mark.size());
    return {};
  }
  // The byte before tells whether a line begins here.
  seek(begin - 1);
  while (offset_of(cursor_) < progress_.split.end) {
    if (const auto* feed = find_feed(cursor_)) {
      skip_to(feed + 1);
      return {};
    }
    skip_to(limit_);
    if (offset_of(cursor_) >= file_size_)
      return {};
    if (auto done = read_more(); !done)
      return done;
  }
  return {};
}

void line_reader::skip_to(const char* at) {
  cursor_ = at;
  find_marks(at);
}

void line_reader::find_marks(const char* from) {
  nul_ = find_byte('\0', from);
  quote_ = find_byte('"', from);
  return_ = find_byte('\r', from);
}

void line_reader::seek(std::uint64_t offset) {
  base_ = offset;
  cursor_ = limit_ = nul_ = quote_ = return_ = buffer_.get();
}

void line_reader::make_room() {
  auto kept = static_cast<std::size_t>(limit_ - cursor_);
  base_ = offset_of(cursor_);
  if (kept + (block_bytes_ + 1) / 2 <= capacity_) {
    std::memmove(buffer_.get(), cursor_, kept);
  } else {
    capacity_ = kept + std::max(block_bytes_, std::min(kept, max_line_bytes));
    const auto most =
      kept < long_line_bytes ? long_line_bytes : longest_word_bytes;
    capacity_ = std::min(capacity_, most + 2 * block_bytes_);
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_);
    std::memcpy(larger.get(), cursor_, kept);
    buffer_ = std::move(larger);
  }
  cursor_ = buffer_.get();
  limit_ = cursor_ + kept;
}

expected<void> line_reader::read_more() {
  make_room();
  auto at = offset_of(limit_);
  auto room = capacity_ - static_cast<std::size_t>(limit_ - buffer_.get());
  // Past the split's end there is but the rest of one line.
  auto useful = progress_.split.end > at ? progress_.split.end - at : 0;
  auto wanted = static_cast<std::size_t>(std::min(
    {std::uint64_t{room}, useful + read_past_end_bytes, file_size_ - at}));
  auto* to = buffer_.get() + (limit_ - buffer_.get());
  auto got = file_->read_at(at, to, wanted);
  if (!got)
    return got.error();
  if (*got < wanted)
    return error{error_code::io,
                 path_ + ": the file became shorter while it was read",
                 error_severity::retryable};
  limit_ += *got;
  find_marks(cursor_);
  return {};
}

line_status line_reader::fail(const error& reason) {
  failure_ = reason;
  return line_status::failed;
}

line_status line_reader::next_across_blocks(text_line& line) {
  while (offset_of(limit_) < file_size_) {
    auto searched = limit_ - cursor_;
    if (searched >= static_cast<std::ptrdiff_t>(long_line_bytes)) {
      if (policy_ == long_line_policy::flag)
        return skip_long_line(line);
      if (cut_piece(line))
        return line_status::line;
      if (searched >= static_cast<std::ptrdiff_t>(longest_word_bytes))
        return fail(word_too_long(path_));
    }
    if (auto done = read_more(); !done)
      return fail(done.error());
    if (const auto* feed = find_feed(cursor_ + searched)) {
      deliver(feed, feed + 1, line);
      return line_status::line;
    }
  }
  if (cursor_ == limit_)
    return line_status::end;
  deliver(limit_, limit_, line);
  return line_status::line;
}

/// False when the buffer holds nothing but a part of one word.
bool line_reader::cut_piece(text_line& line) {
  const auto whole =
    whole_words({cursor_, static_cast<std::size_t>(limit_ - cursor_)});
  if (whole == 0)
    return false;
  const auto* end = cursor_ + whole;
  deliver(end, end, line);
  inside_line_ = true;
  return true;
}

line_status line_reader::skip_long_line(text_line& line) {
  auto begin = offset_of(cursor_);
  head_.assign(cursor_, long_line_head_bytes);
  const char* feed = nullptr;
  while (feed == nullptr && offset_of(limit_) < file_size_) {
    cursor_ = limit_;
    if (auto done = read_more(); !done)
      return fail(done.error());
    feed = find_feed(cursor_);
  }
  auto* end = feed == nullptr ? limit_ : feed;
  deliver(end, feed == nullptr ? end : feed + 1, line);
  line.text = head_;
  line.offset = begin;
  line.too_long = true;
  return line_status::line;
}

} // namespace flow
