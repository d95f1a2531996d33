#include "libflow/operators/sink_operator.hpp"

#include <utility>

namespace flow {

sink_operator_base::sink_operator_base(std::string name,
                                       std::unique_ptr<sink_writer_base> writer)
  : operator_base(std::move(name)), writer_(std::move(writer)) {}

sink_operator_base::~sink_operator_base() = default;

void sink_operator_base::open(const operator_context& context) {
  context_.emplace(context.place);
  writer_->set_waker(context.wake);
  guarded([&] { return writer_->open(*context_); });
}

bool sink_operator_base::pending() const {
  return writer_->full();
}

void sink_operator_base::resume() {
  guarded([&] { return writer_->resume(); });
}

void sink_operator_base::flush() {
  if (std::exchange(unflushed_, false))
    guarded([&] { return writer_->flush(); });
}

void sink_operator_base::finish() {
  guarded([&] { return writer_->finish(); });
}

operator_capture sink_operator_base::capture(const snapshot_context& context) {
  operator_capture result;
  guarded([&]() -> expected<void> {
    auto taken = writer_->snapshot(context);
    if (!taken)
      return taken.error();
    result.list = std::move(taken->entries);
    result.work = std::move(taken->work);
    result.large_list = std::move(taken->large_entries);
    return {};
  });
  return result;
}

expected<void>
sink_operator_base::restore(std::span<const operator_snapshot> parts) {
  std::vector<byte_string> entries;
  for (const auto& part : parts)
    entries.insert(entries.end(), part.list.begin(), part.list.end());
  guarded([&] { return writer_->restore(entries); });
  return {};
}

void sink_operator_base::checkpoint_completed(std::uint64_t id) {
  guarded([&] { return writer_->checkpoint_completed(id); });
}

void sink_operator_base::checkpoint_aborted(std::uint64_t id) {
  guarded([&] { return writer_->checkpoint_aborted(id); });
}

void sink_operator_base::close() {
  writer_->close();
}

} // namespace flow
