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

/// The walk of a keyed operator over the records of one input: they go through
/// in blocks whose keys are looked up together, while the state of the block
/// after is on its way from memory.
/// Owner: a keyed operator. @thread the subtask
template <class T, class Selector>
class keyed_walk {
public:
  using key_type = key_of<T, Selector>;
  using store_type = keyed_state_store<key_type>;

  explicit keyed_walk(Selector selector) : records_(std::move(selector)) {}

  /// Calls f(index, key) for the records [first, last) of a batch, each with
  /// its key current, until f returns false if it returns a bool. Ranges of one
  /// batch come in order, from its start on.
  template <class F>
  void for_each(store_type& states, record_batch<T>& batch, std::size_t first,
                std::size_t last, F&& f) {
    if (first == 0) {
      records_.attach(batch);
      prefetch(states, 0);
    }
    for (std::size_t begin = first; begin < last; begin += block_records) {
      const std::size_t count = std::min(block_records, last - begin);
      prefetch(states, begin + count);
      std::array<const key_type*, block_records> keys;
      for (std::size_t i = 0; i < count; ++i)
        keys[i] = &records_.key(begin + i);
      states.begin_block({keys.data(), count},
                         records_.hashes().subspan(begin, count));
      bool goes_on = true;
      for (std::size_t i = 0; i < count && goes_on; ++i) {
        states.select(i);
        if constexpr (std::is_same_v<decltype(f(begin + i, *keys[i])), bool>)
          goes_on = f(begin + i, *keys[i]);
        else
          f(begin + i, *keys[i]);
      }
      states.end_block();
      if (!goes_on)
        return;
    }
  }

private:
  static constexpr std::size_t block_records = limits::state_block_records;
  static_assert(block_records <= keyed_block_records);

  void prefetch(const store_type& states, std::size_t begin) const {
    const auto hashes = records_.hashes();
    if (begin < hashes.size())
      states.prefetch(
        hashes.subspan(begin, std::min(block_records, hashes.size() - begin)));
  }

  keyed_view<T, Selector> records_;
};

/// The keyed state of one operator, from `open` on.
/// Owner: a keyed operator. @thread the subtask
template <class K>
class keyed_part {
public:
  /// Called once, before all else.
  keyed_state_store<K>& open(const operator_context& context) {
    const auto& place = context.place;
    states_.emplace(
      range_of(place.subtask_index, place.parallelism, place.max_parallelism),
      place.max_parallelism, std::make_shared<segment_pool>(), context.time);
    return *states_;
  }

  [[nodiscard]] keyed_state_store<K>& store() { return *states_; }

  /// References only; encoded by whoever writes the snapshot.
  [[nodiscard]] operator_capture capture();

  /// @return an error also for state that the operator does not have
  expected<void> restore(std::span<const operator_snapshot> parts);

  [[nodiscard]] std::size_t bytes() const {
    return states_ ? states_->bytes() : 0;
  }

private:
  std::optional<keyed_state_store<K>> states_;
};

// Not inline: a job takes those of common types from the library.

template <class K>
operator_capture keyed_part<K>::capture() {
  operator_capture result;
  result.keyed = defer(states_->snapshot());
  return result;
}

template <class K>
expected<void>
keyed_part<K>::restore(std::span<const operator_snapshot> parts) {
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

/// Both, of an operator with one keyed input.
/// Owner: a keyed operator. @thread the subtask
template <class T, class Selector>
class keyed_blocks : public keyed_part<key_of<T, Selector>> {
public:
  using key_type = key_of<T, Selector>;

  explicit keyed_blocks(Selector selector) : walk_(std::move(selector)) {}

  /// As keyed_walk's.
  template <class F>
  void for_each(record_batch<T>& batch, std::size_t first, std::size_t last,
                F&& f) {
    walk_.for_each(this->store(), batch, first, last, std::forward<F>(f));
  }

private:
  keyed_walk<T, Selector> walk_;
};

} // namespace flow
