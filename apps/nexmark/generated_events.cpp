#include "apps/nexmark/generated_events.hpp"

#include <algorithm>
#include <optional>
#include <thread>

namespace nexmark {

namespace {

constexpr std::uint64_t strands = 128;

/// Where the reading of a strand goes on: the position of an event in one of
/// its blocks.
struct strand {
  std::uint64_t next = 0;

  [[nodiscard]] std::uint64_t block_end() const {
    return (next / events_per_block + 1) * events_per_block;
  }
  [[nodiscard]] std::uint64_t number() const {
    return next / events_per_block % strands;
  }
};

class reader final : public flow::source_reader<event> {
public:
  reader(std::optional<generator> maker, std::uint64_t count,
         std::shared_ptr<const prepared_events> prepared)
    : maker_(std::move(maker)), count_(count), prepared_(std::move(prepared)) {}

  /// Takes every parallelism-th strand; restore() replaces them.
  flow::expected<void> open(flow::source_context& context) override {
    for (std::uint64_t i = context.subtask_index(); i < strands;
         i += context.parallelism())
      add({i * events_per_block});
    return {};
  }

  flow::expected<flow::poll_result> poll(flow::record_batch<event>& out,
                                         std::size_t room) override {
    while (room > 0 && !rest_.empty() && !out.at_target()) {
      auto& front = earliest();
      const std::uint64_t end =
        std::min({front.block_end(), count_, front.next + room,
                  front.next + flow::record_batch<event>::target_records});
      const std::uint64_t first = front.next;
      front.next = prepared_ ? copy(first, end, out) : make(first, end, out);
      room -= front.next - first;
      finish_block(front);
    }
    const auto status =
      rest_.empty() ? flow::poll_status::finished : flow::poll_status::more;
    return flow::poll_result{status, {}};
  }

  void stop() override { rest_.clear(); }

  [[nodiscard]] std::vector<flow::byte_string> snapshot() const override {
    std::vector<flow::byte_string> entries;
    for (const auto& each : rest_) {
      flow::byte_writer to{entries.emplace_back()};
      to.write_int(each.next);
    }
    return entries;
  }

  flow::expected<void>
  restore(std::span<const flow::byte_string> entries) override {
    rest_.clear();
    inside_block_ = false;
    for (const auto& entry : entries) {
      flow::byte_reader from{entry};
      strand each;
      if (!from.read_int(each.next) || !from.finished())
        return flow::error{flow::error_code::corrupt_data,
                           "a position of the events cannot be read"};
      add(each);
    }
    return {};
  }

private:
  void add(const strand& each) {
    if (each.next < count_)
      rest_.push_back(each);
  }

  /// The strand to go on with: all advance together.
  strand& earliest() {
    if (at_ >= rest_.size() || !inside_block_) {
      const auto found = std::min_element(
        rest_.begin(), rest_.end(),
        [](const strand& a, const strand& b) { return a.next < b.next; });
      at_ = static_cast<std::size_t>(found - rest_.begin());
      inside_block_ = true;
    }
    return rest_[at_];
  }

  void finish_block(strand& current) {
    const bool at_block = current.next % events_per_block == 0;
    if (!at_block && current.next < count_)
      return;
    inside_block_ = false;
    if (at_block)
      current.next += (strands - 1) * events_per_block;
    if (current.next >= count_)
      rest_.erase(rest_.begin() + static_cast<std::ptrdiff_t>(at_));
  }

  /// @return the position behind the last event that fitted
  std::uint64_t make(std::uint64_t first, std::uint64_t end,
                     flow::record_batch<event>& out) {
    for (; first < end && !out.at_target(); ++first) {
      maker_->make(first, scratch_);
      out.append(std::as_const(scratch_), time_of(scratch_));
    }
    return first;
  }

  std::uint64_t copy(std::uint64_t first, std::uint64_t end,
                     flow::record_batch<event>& out) const {
    const auto& block = *(*prepared_)[first / events_per_block];
    const std::size_t begin = first % events_per_block;
    // A piece at a time, until the texts fill the batch.
    const std::size_t count = std::min<std::size_t>(end - first, 32);
    out.append_range(block, begin, begin + count);
    return first + count;
  }

  std::optional<generator> maker_;
  std::uint64_t count_;
  std::shared_ptr<const prepared_events> prepared_;
  std::vector<strand> rest_;
  std::size_t at_ = 0; ///< the strand whose block is being read
  bool inside_block_ = false;
  event scratch_;
};

flow::record_batch_ptr<event>
prepare_block(generator& maker, std::uint64_t first, std::uint64_t end) {
  auto block = flow::record_batch<event>::make();
  event scratch;
  for (; first < end; ++first) {
    maker.make(first, scratch);
    block->append(std::as_const(scratch), time_of(scratch));
  }
  return block;
}

} // namespace

std::shared_ptr<const prepared_events>
prepare_events(const generator_config& config, std::uint64_t count) {
  const std::uint64_t blocks =
    (count + events_per_block - 1) / events_per_block;
  auto result = std::make_shared<prepared_events>(blocks);
  const generator prototype{config};
  const std::uint64_t threads =
    std::max<std::uint64_t>(1, std::thread::hardware_concurrency());
  std::vector<std::jthread> workers;
  for (std::uint64_t worker = 0; worker < threads; ++worker)
    workers.emplace_back([&, worker] {
      generator maker = prototype;
      for (std::uint64_t block = worker; block < blocks; block += threads) {
        const std::uint64_t first = block * events_per_block;
        (*result)[block] = prepare_block(
          maker, first, std::min(first + events_per_block, count));
      }
    });
  workers.clear();
  return result;
}

generated_events::generated_events(
  const generator_config& config, std::uint64_t count,
  std::shared_ptr<const prepared_events> prepared)
  : config_(config), count_(count),
    maker_(prepared ? nullptr : std::make_shared<const generator>(config)),
    prepared_(std::move(prepared)) {}

std::unique_ptr<flow::source_reader<event>>
generated_events::make_reader() const {
  return std::make_unique<reader>(maker_ ? std::optional<generator>{*maker_}
                                         : std::nullopt,
                                  count_, prepared_);
}

} // namespace nexmark
