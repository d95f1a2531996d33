#include "libflow/api/sequence_source.hpp"

#include <algorithm>
#include <numeric>

#include "libflow/core/bytes.hpp"

namespace flow {

namespace {

/// Numbers next..last that are still to be read.
struct range {
  std::int64_t next = 0;
  std::int64_t last = -1;

  /// Wraps to 0 for all of the numbers there are, which nobody lives to see.
  [[nodiscard]] std::uint64_t size() const noexcept {
    return next > last ? 0
                       : static_cast<std::uint64_t>(last)
                           - static_cast<std::uint64_t>(next) + 1;
  }
};

/// The `index`-th of `parts` contiguous pieces that differ by at most one.
range piece_of(range whole, std::uint64_t index, std::uint64_t parts) {
  const std::uint64_t size = whole.size() / parts;
  const std::uint64_t larger = whole.size() % parts;
  const std::uint64_t before = index * size + std::min(index, larger);
  const std::uint64_t own = size + (index < larger ? 1 : 0);
  const auto begin = static_cast<std::uint64_t>(whole.next) + before;
  return {static_cast<std::int64_t>(begin),
          static_cast<std::int64_t>(begin + own - 1)};
}

class reader final : public source_reader<std::int64_t> {
public:
  explicit reader(range whole) : whole_(whole) {}

  expected<void> open(source_context& context) override {
    if (const range own =
          piece_of(whole_, context.subtask_index(), context.parallelism());
        own.size() > 0)
      rest_ = {own};
    total_ = remaining();
    return {};
  }

  expected<poll_result> poll(record_batch<std::int64_t>& out,
                             std::size_t room) override {
    while (room > 0 && !rest_.empty() && !stopped_) {
      range& front = rest_.front();
      const std::size_t count = std::min<std::uint64_t>(room, front.size());
      auto [values, stamps] = out.append_uninitialized(count);
      std::iota(values, values + count, front.next);
      std::fill(stamps, stamps + count, min_timestamp);
      front.next += static_cast<std::int64_t>(count);
      room -= count;
      if (front.size() == 0)
        rest_.erase(rest_.begin());
    }
    return poll_result{rest_.empty() || stopped_ ? poll_status::finished
                                                 : poll_status::more,
                       {}};
  }

  void stop() override { stopped_ = true; }

  [[nodiscard]] std::vector<byte_string> snapshot() const override {
    std::vector<byte_string> result;
    for (const range& each : rest_) {
      auto& bytes = result.emplace_back();
      byte_writer writer{bytes};
      writer.write_int(each.next);
      writer.write_int(each.last);
    }
    return result;
  }

  expected<void> restore(std::span<const byte_string> entries) override {
    rest_.clear();
    for (const auto& entry : entries) {
      byte_reader bytes{entry};
      range each;
      if (!bytes.read_int(each.next) || !bytes.read_int(each.last))
        return error{error_code::corrupt_data,
                     "the position in a sequence cannot be read"};
      if (each.size() > 0)
        rest_.push_back(each);
    }
    total_ = remaining();
    return {};
  }

  [[nodiscard]] std::optional<double> progress() const override {
    if (total_ == 0)
      return 1;
    return 1 - static_cast<double>(remaining()) / static_cast<double>(total_);
  }

private:
  [[nodiscard]] std::uint64_t remaining() const {
    std::uint64_t sum = 0;
    for (const range& each : rest_)
      sum += each.size();
    return sum;
  }

  const range whole_;
  std::vector<range> rest_;
  std::uint64_t total_ = 0;
  bool stopped_ = false;
};

} // namespace

std::unique_ptr<source_reader<std::int64_t>>
sequence_source::make_reader() const {
  return std::make_unique<reader>(range{first_, last_});
}

} // namespace flow
