#include "apps/sequence/keyed_numbers.hpp"

#include <algorithm>
#include <deque>

#include "libflow/flow.hpp"

namespace sequence {

namespace {

constexpr std::int64_t most_ranges = 128;

/// Keys [first, end), of which `done` records were read: number after number,
/// and of each number key after key.
struct key_range {
  std::int64_t first = 0;
  std::int64_t end = 0;
  std::int64_t done = 0;

  [[nodiscard]] std::int64_t width() const { return end - first; }
  [[nodiscard]] std::int64_t records(std::int64_t per_key) const {
    return width() * per_key;
  }
};

class reader final : public flow::source_reader<numbered> {
public:
  reader(std::int64_t keys, std::int64_t per_key)
    : keys_(keys), per_key_(per_key) {}

  /// Takes every parallelism-th range; restore() replaces them.
  flow::expected<void> open(flow::source_context& context) override {
    const auto count = std::min(keys_, most_ranges);
    for (std::int64_t i = context.subtask_index(); i < count;
         i += context.parallelism())
      add({keys_ * i / count, keys_ * (i + 1) / count, 0});
    return {};
  }

  flow::expected<flow::poll_result> poll(flow::record_batch<numbered>& out,
                                         std::size_t room) override {
    if (stopped_)
      return flow::poll_result{flow::poll_status::finished, {}};
    for (; room > 0 && !rest_.empty() && !out.at_target(); --room) {
      auto& range = rest_.front();
      out.append(numbered{range.first + range.done % range.width(),
                          range.done / range.width()},
                 flow::min_timestamp);
      if (++range.done == range.records(per_key_))
        rest_.pop_front();
    }
    // The next call goes on with another range: all keys advance together.
    if (rest_.size() > 1) {
      rest_.push_back(rest_.front());
      rest_.pop_front();
    }
    const auto status =
      rest_.empty() ? flow::poll_status::finished : flow::poll_status::more;
    return flow::poll_result{status, {}};
  }

  void stop() override { stopped_ = true; }

  [[nodiscard]] std::vector<flow::byte_string> snapshot() const override {
    std::vector<flow::byte_string> entries;
    for (const auto& range : rest_) {
      flow::byte_writer to{entries.emplace_back()};
      to.write_int(range.first);
      to.write_int(range.end);
      to.write_int(range.done);
    }
    return entries;
  }

  flow::expected<void>
  restore(std::span<const flow::byte_string> entries) override {
    rest_.clear();
    for (const auto& entry : entries) {
      flow::byte_reader from{entry};
      key_range range;
      if (!from.read_int(range.first) || !from.read_int(range.end)
          || !from.read_int(range.done) || !valid(range))
        return flow::error{flow::error_code::corrupt_data,
                           "a position of the numbers cannot be read"};
      add(range);
    }
    return {};
  }

private:
  void add(const key_range& range) {
    if (range.done < range.records(per_key_))
      rest_.push_back(range);
  }

  [[nodiscard]] bool valid(const key_range& range) const {
    return 0 <= range.first && range.first < range.end && range.end <= keys_
           && range.done >= 0;
  }

  std::int64_t keys_;
  std::int64_t per_key_;
  std::deque<key_range> rest_;
  bool stopped_ = false;
};

} // namespace

std::unique_ptr<flow::source_reader<numbered>>
keyed_numbers::make_reader() const {
  return std::make_unique<reader>(keys_, per_key_);
}

} // namespace sequence
