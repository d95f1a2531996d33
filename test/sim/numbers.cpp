#include "test/sim/numbers.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace flow::sim {

namespace {

class numbers_reader final : public source_reader<numbered> {
public:
  explicit numbers_reader(const numbers_settings& settings)
    : settings_(settings) {}

  expected<void> open(source_context& context) override {
    for (std::int64_t key = context.subtask_index(); key < settings_.keys;
         key += context.parallelism())
      next_.emplace(0, key);
    return {};
  }

  expected<poll_result> poll(record_batch<numbered>& out,
                             std::size_t room) override {
    const auto count =
      std::min(room, static_cast<std::size_t>(settings_.burst));
    for (std::size_t i = 0; i < count && !next_.empty() && !stopped_; ++i) {
      const auto [seq, key] = *next_.begin();
      next_.erase(next_.begin());
      out.append(numbered{key, seq}, min_timestamp);
      if (seq + 1 < settings_.per_key)
        next_.emplace(seq + 1, key);
    }
    if (next_.empty() || stopped_)
      return poll_result{poll_status::finished, {}};
    return poll_result{poll_status::waiting, settings_.rest};
  }

  void stop() override { stopped_ = true; }

  [[nodiscard]] std::vector<byte_string> snapshot() const override {
    std::vector<byte_string> entries;
    for (const auto& [seq, key] : next_) {
      byte_writer to{entries.emplace_back()};
      to.write_int(key);
      to.write_int(seq);
    }
    return entries;
  }

  expected<void> restore(std::span<const byte_string> entries) override {
    next_.clear();
    for (const auto& entry : entries) {
      byte_reader from{entry};
      std::int64_t key = 0;
      std::int64_t seq = 0;
      if (!from.read_int(key) || !from.read_int(seq) || !from.finished())
        return error{error_code::corrupt_data, "a position cannot be read"};
      next_.emplace(seq, key);
    }
    return {};
  }

private:
  numbers_settings settings_;
  std::set<std::pair<std::int64_t, std::int64_t>> next_; // (seq, key)
  bool stopped_ = false; // positions stay: a restored job goes on from them
};

class numbers_source final : public source<numbered> {
public:
  explicit numbers_source(const numbers_settings& settings)
    : settings_(settings) {}
  [[nodiscard]] std::string kind() const override { return "numbers"; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] replay_guarantee replay() const override {
    return replay_guarantee::replayable;
  }
  [[nodiscard]] std::unique_ptr<source_reader<numbered>>
  make_reader() const override {
    return std::make_unique<numbers_reader>(settings_);
  }

private:
  numbers_settings settings_;
};

} // namespace

std::shared_ptr<const source<numbered>>
make_numbers(const numbers_settings& settings) {
  return std::make_shared<numbers_source>(settings);
}

} // namespace flow::sim
