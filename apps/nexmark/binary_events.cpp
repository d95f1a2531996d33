#include "apps/nexmark/binary_events.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>

#include "apps/support/strands.hpp"

namespace nexmark {

namespace {

constexpr std::string_view mark = "NEXEVT01";
constexpr std::size_t trailer_bytes = 8 + 8 + mark.size();

/// The file's parts, each read as a whole.
class event_blocks {
public:
  /// Reads the trailer and the offsets of the blocks.
  flow::expected<void> open(flow::file_system& files, const std::string& path) {
    path_ = path;
    auto file = files.open(path);
    if (!file)
      return file.error();
    file_ = std::move(*file);
    const auto size = file_->size();
    if (!size)
      return size.error();
    if (*size < mark.size() + trailer_bytes)
      return damaged("it is too short");
    std::array<std::byte, trailer_bytes> trailer;
    if (auto done = read(*size - trailer_bytes, trailer); !done)
      return done;
    if (std::memcmp(trailer.data() + 16, mark.data(), mark.size()) != 0)
      return damaged("its end is missing");
    std::memcpy(&count_, trailer.data(), 8);
    std::memcpy(&end_, trailer.data() + 8, 8);
    const std::uint64_t blocks =
      count_ / binary_block_events + (count_ % binary_block_events > 0 ? 1 : 0);
    if (end_ < mark.size() || end_ > *size - trailer_bytes
        || *size - trailer_bytes - end_ != blocks * 8)
      return damaged("its numbers do not fit its size");
    offsets_.resize(blocks);
    return read(end_, std::as_writable_bytes(std::span{offsets_}));
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

  /// Bytes of a block; valid until the next call.
  flow::expected<std::span<const std::byte>> block(std::uint64_t number) {
    const std::uint64_t begin = offsets_[number];
    const std::uint64_t end =
      number + 1 < offsets_.size() ? offsets_[number + 1] : end_;
    if (begin < mark.size() || begin > end || end > end_)
      return damaged("an offset does not fit its size");
    bytes_.resize(end - begin);
    if (auto done = read(begin, bytes_); !done)
      return done.error();
    return std::span<const std::byte>{bytes_};
  }

  [[nodiscard]] flow::error damaged(const std::string& what) const {
    return {flow::error_code::malformed_input,
            path_ + ": the file of events is damaged: " + what,
            flow::error_severity::fatal};
  }

private:
  flow::expected<void> read(std::uint64_t offset, std::span<std::byte> to) {
    const auto got =
      file_->read_at(offset, reinterpret_cast<char*>(to.data()), to.size());
    if (!got)
      return got.error();
    return *got == to.size() ? flow::expected<void>{}
                             : damaged("it has become shorter");
  }

  std::string path_;
  std::unique_ptr<flow::readable_file> file_;
  std::uint64_t count_ = 0;
  std::uint64_t end_ = 0; ///< offset behind the last event
  std::vector<std::uint64_t> offsets_;
  std::vector<std::byte> bytes_;
};

class reader final : public flow::source_reader<event> {
public:
  reader(std::shared_ptr<flow::file_system> files, std::string path,
         std::shared_ptr<latencies> took)
    : files_(std::move(files)), path_(std::move(path)), took_(std::move(took)) {
  }

  flow::expected<void> open(flow::source_context& context) override {
    if (auto done = blocks_.open(*files_, path_); !done)
      return done;
    rest_.emplace(blocks_.count(), binary_block_events);
    rest_->deal(context.subtask_index(), context.parallelism());
    return {};
  }

  flow::expected<flow::poll_result> poll(flow::record_batch<event>& out,
                                         std::size_t room) override {
    while (room > 0 && !rest_->done() && !out.at_target()) {
      auto [at, end] = rest_->next(room);
      if (auto done = go_to(at); !done)
        return done.error();
      const std::uint64_t first = at;
      for (; at < end && !out.at_target(); ++at)
        if (auto done = read_event(out); !done)
          return done.error();
      room -= at - first;
      rest_->advance_to(at);
    }
    if (took_ && !out.empty())
      took_->read(out.timestamps().back());
    return flow::poll_result{rest_->done() ? flow::poll_status::finished
                                           : flow::poll_status::more,
                             {}};
  }

  void stop() override { rest_->clear(); }
  [[nodiscard]] std::vector<flow::byte_string> snapshot() const override {
    return rest_->snapshot();
  }
  flow::expected<void>
  restore(std::span<const flow::byte_string> entries) override {
    return rest_->restore(entries);
  }

private:
  /// Reads the event's block if it is another one, and skips what is before.
  flow::expected<void> go_to(std::uint64_t number) {
    if (number == next_ && number % binary_block_events != 0)
      return {};
    auto block = blocks_.block(number / binary_block_events);
    if (!block)
      return block.error();
    left_ = *block;
    next_ = number;
    for (std::uint64_t i = 0; i < number % binary_block_events; ++i)
      if (auto skipped = take_event(); !skipped)
        return skipped.error();
    return {};
  }

  flow::expected<std::span<const std::byte>> take_event() {
    std::uint32_t size = 0;
    if (left_.size() < sizeof size)
      return blocks_.damaged("a block ends too early");
    std::memcpy(&size, left_.data(), sizeof size);
    if (left_.size() - sizeof size < size)
      return blocks_.damaged("an event ends too late");
    const auto result = left_.subspan(sizeof size, size);
    left_ = left_.subspan(sizeof size + size);
    return result;
  }

  flow::expected<void> read_event(flow::record_batch<event>& out) {
    const auto bytes = take_event();
    if (!bytes)
      return bytes.error();
    flow::byte_reader in{*bytes};
    bool done = false;
    flow::timestamp time = 0;
    out.append_filled([&](event& to) {
      done = flow::codec<event>::decode(in, to) && in.finished();
      time = time_of(to);
    });
    out.stamp_column().emplace_back(time);
    ++next_;
    return done ? flow::expected<void>{}
                : blocks_.damaged("an event cannot be read");
  }

  std::shared_ptr<flow::file_system> files_;
  std::string path_;
  std::shared_ptr<latencies> took_;
  event_blocks blocks_;
  std::optional<flow::strands> rest_;
  std::span<const std::byte> left_; ///< of the block at hand
  std::uint64_t next_ = 0;          ///< number of the event that follows
};

} // namespace

binary_event_writer::binary_event_writer(std::ostream& to)
  : to_(&to), buffer_(mark), offset_(mark.size()) {}

void binary_event_writer::add(const event& each) {
  if (count_++ % binary_block_events == 0)
    blocks_.push_back(offset_);
  scratch_.clear();
  {
    flow::byte_writer out{scratch_};
    flow::codec<event>::encode(each, out);
  }
  const auto size = static_cast<std::uint32_t>(scratch_.size());
  buffer_.append(reinterpret_cast<const char*>(&size), sizeof size);
  buffer_.append(reinterpret_cast<const char*>(scratch_.data()), size);
  offset_ += sizeof size + size;
  constexpr std::size_t buffer_bytes = std::size_t{1} << 20;
  if (buffer_.size() >= buffer_bytes)
    write_buffer();
}

void binary_event_writer::finish() {
  for (const std::uint64_t each : blocks_)
    append_number(each);
  append_number(count_);
  append_number(offset_);
  buffer_.append(mark);
  write_buffer();
}

void binary_event_writer::append_number(std::uint64_t value) {
  buffer_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void binary_event_writer::write_buffer() {
  *to_ << buffer_;
  buffer_.clear();
}

bool is_binary_event_file(flow::file_system& files, const std::string& path) {
  const auto file = files.open(path);
  if (!file)
    return false;
  std::array<char, mark.size()> first{};
  const auto got = (*file)->read_at(0, first.data(), first.size());
  return got && *got == first.size()
         && std::string_view{first.data(), first.size()} == mark;
}

std::unique_ptr<flow::source_reader<event>>
binary_event_file::make_reader() const {
  return std::make_unique<reader>(files_, path_, took_);
}

} // namespace nexmark
