#include "apps/nexmark/generated_events.hpp"

#include <algorithm>
#include <optional>
#include <thread>

#include "apps/support/strands.hpp"

namespace nexmark {

namespace {

class reader final : public flow::source_reader<event> {
public:
  reader(std::optional<generator> maker, std::uint64_t count,
         std::shared_ptr<const prepared_events> prepared,
         std::shared_ptr<latencies> took)
    : maker_(std::move(maker)), prepared_(std::move(prepared)),
      took_(std::move(took)), rest_(count, events_per_block) {}

  flow::expected<void> open(flow::source_context& context) override {
    rest_.deal(context.subtask_index(), context.parallelism());
    return {};
  }

  flow::expected<flow::poll_result> poll(flow::record_batch<event>& out,
                                         std::size_t room) override {
    while (room > 0 && !rest_.done() && !out.at_target()) {
      const auto [first, end] = rest_.next(room);
      const std::uint64_t made =
        prepared_ ? copy(first, end, out) : make(first, end, out);
      rest_.advance_to(made);
      room -= made - first;
    }
    if (took_ && !out.empty())
      took_->read(out.timestamps().back());
    const auto status =
      rest_.done() ? flow::poll_status::finished : flow::poll_status::more;
    return flow::poll_result{status, {}};
  }

  void stop() override { rest_.clear(); }

  [[nodiscard]] std::vector<flow::byte_string> snapshot() const override {
    return rest_.snapshot();
  }

  flow::expected<void>
  restore(std::span<const flow::byte_string> entries) override {
    return rest_.restore(entries);
  }

private:
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
    const auto& block = std::as_const(*(*prepared_)[first / events_per_block]);
    std::size_t at = first % events_per_block;
    const std::size_t stop = at + (end - first);
    // A piece at a time, until the texts fill the batch.
    while (at < stop && !out.at_target()) {
      const std::size_t count = std::min(stop - at, events_per_piece);
      fetch_ahead(block.values(), at);
      out.append_range(block, at, at + count);
      at += count;
    }
    return first - first % events_per_block + at;
  }

  /// Asks for the memory of the events that are copied some pieces later: they
  /// lie there for the first time since they were built.
  static void fetch_ahead(std::span<const event> block, std::size_t at) {
    const std::size_t records = at + 6 * events_per_piece;
    for (std::size_t i = records;
         i < std::min(records + events_per_piece, block.size()); ++i)
      fetch(&block[i], sizeof(event));
    const std::size_t texts = at + 3 * events_per_piece;
    for (std::size_t i = texts;
         i < std::min(texts + events_per_piece, block.size()); ++i)
      if (const bid* offer = std::get_if<bid>(&block[i]))
        fetch(offer->url.data(), offer->url.size() + offer->extra.size());
  }

  /// Most of them are bids, whose long texts lie one behind the other.
  static void fetch(const void* begin, std::size_t bytes) {
    for (std::size_t line = 0; line < bytes; line += 64)
      __builtin_prefetch(static_cast<const char*>(begin) + line);
    // The compiler takes a function that does nothing but prefetch for one
    // without effect, and leaves it out.
    asm volatile("");
  }

  static constexpr std::size_t events_per_piece = 4;

  std::optional<generator> maker_;
  std::shared_ptr<const prepared_events> prepared_;
  std::shared_ptr<latencies> took_;
  flow::strands rest_;
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
  std::shared_ptr<const prepared_events> prepared,
  std::shared_ptr<latencies> took)
  : config_(config), count_(count),
    maker_(prepared ? nullptr : std::make_shared<const generator>(config)),
    prepared_(std::move(prepared)), took_(std::move(took)) {}

std::unique_ptr<flow::source_reader<event>>
generated_events::make_reader() const {
  return std::make_unique<reader>(maker_ ? std::optional<generator>{*maker_}
                                         : std::nullopt,
                                  count_, prepared_, took_);
}

} // namespace nexmark
