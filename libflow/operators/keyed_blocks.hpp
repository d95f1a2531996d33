#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "libflow/operators/keyed_batch.hpp"
#include "libflow/operators/operator.hpp"
#include "libflow/state/keyed_state.hpp"

namespace flow {

/// The keyed state of one operator together with the walk over its input:
/// records go through in blocks whose keys are looked up together, while the
/// state of the block after is on its way from memory.
/// Owner: a keyed operator. @thread the subtask
template <class T, class Selector>
class keyed_blocks {
public:
  using key_type = key_of<T, Selector>;

  explicit keyed_blocks(Selector selector) : records_(std::move(selector)) {}

  /// Called once, before all else.
  keyed_state_store<key_type>& open(const operator_context& context) {
    const auto& place = context.place;
    states_.emplace(
      range_of(place.subtask_index, place.parallelism, place.max_parallelism),
      place.max_parallelism, std::make_shared<segment_pool>(), context.time);
    return *states_;
  }

  /// Calls f(index, key) for the records [first, last) of a batch, each with
  /// its key current. Ranges of one batch come in order, from its start on.
  template <class F>
  void for_each(record_batch<T>& batch, std::size_t first, std::size_t last,
                F&& f) {
    if (first == 0) {
      records_.attach(batch);
      prefetch(0);
    }
    for (std::size_t begin = first; begin < last; begin += block_records) {
      const std::size_t count = std::min(block_records, last - begin);
      prefetch(begin + count);
      std::array<const key_type*, block_records> keys;
      for (std::size_t i = 0; i < count; ++i)
        keys[i] = &records_.key(begin + i);
      states_->begin_block({keys.data(), count},
                           records_.hashes().subspan(begin, count));
      for (std::size_t i = 0; i < count; ++i) {
        states_->select(i);
        f(begin + i, *keys[i]);
      }
      states_->end_block();
    }
  }

  /// References only; encoded by whoever writes the snapshot.
  [[nodiscard]] operator_capture capture() {
    operator_capture result;
    result.keyed = defer(states_->snapshot());
    return result;
  }

  /// @return an error also for state that the operator does not have
  expected<void> restore(std::span<const operator_snapshot> parts) {
    for (const auto& part : parts) {
      auto restored = states_->restore(part.keyed);
      if (!restored)
        return restored.error();
      if (!restored->unknown_states.empty())
        return error{error_code::incompatible,
                     "the snapshot holds the state \""
                       + restored->unknown_states.front()
                       + "\", which the operator does not have",
                     error_severity::fatal};
    }
    return {};
  }

  [[nodiscard]] std::size_t bytes() const {
    return states_ ? states_->bytes() : 0;
  }

private:
  static constexpr std::size_t block_records = limits::state_block_records;
  static_assert(block_records <= keyed_block_records);

  void prefetch(std::size_t begin) const {
    const auto hashes = records_.hashes();
    if (begin < hashes.size())
      states_->prefetch(
        hashes.subspan(begin, std::min(block_records, hashes.size() - begin)));
  }

  keyed_view<T, Selector> records_;
  std::optional<keyed_state_store<key_type>> states_;
};

} // namespace flow
