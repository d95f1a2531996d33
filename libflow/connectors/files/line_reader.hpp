#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libflow/connectors/files/file_split.hpp"
#include "libflow/core/error.hpp"
#include "libflow/core/file_system.hpp"

namespace flow {

/// The longest line that is a line, without its end.
inline constexpr std::size_t max_line_bytes = std::size_t{1} << 20;

/// What is kept of a line that is longer.
inline constexpr std::size_t long_line_head_bytes = 1024;

/// One line of a file, without its LF or CRLF (a CR that ends the file counts
/// as a line's end too).
struct text_line {
  std::string_view text;    ///< valid until the reader's next call
  std::uint64_t offset = 0; ///< of its first byte in the file
  bool has_nul = false;
  bool has_quote = false;
  bool has_return = false; ///< a CR that ends no line
  bool too_long = false;   ///< text is its first long_line_head_bytes only
  bool ends_file = false;  ///< nothing follows it
};

/// What a line over max_line_bytes is.
enum class long_line_policy {
  flag, ///< malformed: skipped to its end, delivered with too_long set
  cut,  ///< text: delivered in pieces that end between words
};

/// What line_reader::next found.
enum class line_status {
  line,   ///< the line is filled in
  end,    ///< the split has no more lines
  failed, ///< failure() says why; nothing more can be read
};

/// Reads the lines of one split after another by positioned reads. Memory:
/// one block of 256 KiB, growing with the longest line up to 1.5 MiB (with the
/// longest word up to 16.5 MiB), whatever the size of the file. About 1 ns a
/// byte or less.
/// Owner: one source reader.
/// @thread its owner's; blocks on the file
class line_reader {
public:
  /// `file_size` is the size when the splits were planned: what is appended
  /// later is not read, a file that got shorter is an error. A UTF-8 byte
  /// order mark at the file's start is skipped.
  line_reader(std::unique_ptr<readable_file> file, std::string path,
              std::uint64_t file_size,
              long_line_policy policy = long_line_policy::flag,
              std::size_t block_bytes = std::size_t{256} << 10);

  /// Goes to the split's first line, or on where `progress` stopped.
  expected<void> start(const split_progress& progress);

  /// The next line.
  line_status next(text_line& line) {
    if (!inside_line_ && offset_of(cursor_) >= progress_.split.end)
      return line_status::end;
    const auto* feed = find_feed(cursor_);
    if (feed == nullptr) [[unlikely]]
      return next_across_blocks(line);
    deliver(feed, feed + 1, line);
    return line_status::line;
  }

  /// Where the next line begins. During a line of which a piece was
  /// delivered: where the next piece begins.
  [[nodiscard]] split_progress progress() const noexcept;

  /// @pre next() returned failed
  [[nodiscard]] const error& failure() const { return *failure_; }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::uint64_t file_size() const noexcept { return file_size_; }
  [[nodiscard]] readable_file& file() noexcept { return *file_; }

private:
  [[nodiscard]] std::uint64_t offset_of(const char* at) const noexcept {
    return base_ + static_cast<std::uint64_t>(at - buffer_.get());
  }
  [[nodiscard]] const char* find_feed(const char* from) const noexcept {
    return from == limit_
             ? nullptr
             : static_cast<const char*>(std::memchr(
               from, '\n', static_cast<std::size_t>(limit_ - from)));
  }
  [[nodiscard]] const char* find_byte(char byte, const char* from) const {
    const auto* at = static_cast<const char*>(
      std::memchr(from, byte, static_cast<std::size_t>(limit_ - from)));
    return at == nullptr ? limit_ : at;
  }

  /// Fills in the line [cursor_, end) and moves on to `next`.
  void deliver(const char* end, const char* next, text_line& line) {
    if (end != cursor_ && end[-1] == '\r' && (next != end || at_file_end(next)))
      --end;
    line.has_return = return_ < end;
    if (return_ < next)
      return_ = find_byte('\r', next);
    line.text = {cursor_, static_cast<std::size_t>(end - cursor_)};
    line.offset = offset_of(cursor_);
    line.has_nul = holds('\0', nul_, next);
    line.has_quote = holds('"', quote_, next);
    line.ends_file = at_file_end(next);
    line.too_long = false;
    if (line.text.size() > max_line_bytes && policy_ == long_line_policy::flag)
      [[unlikely]] {
      line.too_long = true;
      line.text = line.text.substr(0, long_line_head_bytes);
    }
    cursor_ = next;
    inside_line_ = false;
  }

  /// Whether `byte`, whose next place in the buffer is `place`, is before
  /// `next`; moves the place on, so that each byte is looked at once.
  bool holds(char byte, const char*& place, const char* next) const {
    if (place >= next)
      return false;
    place = find_byte(byte, next);
    return true;
  }

  [[nodiscard]] bool at_file_end(const char* at) const noexcept {
    return offset_of(at) == file_size_;
  }

  line_status next_across_blocks(text_line& line);
  bool cut_piece(text_line& line);
  line_status skip_long_line(text_line& line);
  expected<void> skip_to_first_line();
  void seek(std::uint64_t offset);
  void skip_to(const char* at);
  void find_marks(const char* from);
  expected<void> read_more();
  void make_room();
  line_status fail(const error& reason);

  std::unique_ptr<readable_file> file_;
  std::string path_;
  std::uint64_t file_size_;
  long_line_policy policy_;
  std::size_t block_bytes_;
  std::size_t capacity_;
  std::unique_ptr<char[]> buffer_;
  std::uint64_t base_ = 0;       ///< offset in the file of buffer_[0]
  const char* cursor_ = nullptr; ///< where the next line begins
  const char* limit_ = nullptr;  ///< end of what was read
  const char* nul_ = nullptr;    ///< next NUL at or after cursor_, or limit_
  const char* quote_ = nullptr;  ///< next quote at or after cursor_, or limit_
  const char* return_ = nullptr; ///< next CR at or after cursor_, or limit_
  bool inside_line_ = false;     ///< a piece of the line was delivered
  split_progress progress_;
  std::string head_; ///< of a line that is too long
  std::optional<error> failure_;
};

} // namespace flow
