#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "libflow/exchange/output_port.hpp"
#include "libflow/exchange/routers.hpp"

namespace flow {

/// The typed half of an output port: scatters the records of a chain over the
/// channels of one edge.
/// Cost: one copy a record, except where a batch has one way to go; there it
/// moves as it is.
template <class T, class Router>
class batch_writer final : public output_port, public receiver<T> {
public:
  batch_writer(channel_sink& target, std::size_t channel_count, Router router)
    : output_port(target, channel_count, shape_of(router)),
      router_(std::move(router)), rows_of_(in_blocks ? channel_count : 0, 0) {}

  [[nodiscard]] receiver_base& input() override { return *this; }

  void receive(record_batch_ptr<T> batch) override {
    if constexpr (is_one_way)
      receive_whole(std::move(batch));
    else
      scatter(std::move(batch));
    note_open();
  }

  void receive_watermark(timestamp mark) override { send_watermark(mark); }
  void receive_status(stream_status status) override {
    broadcast(stream_element::of_status(status));
  }
  [[nodiscard]] bool full() const override { return channels_.full(); }

private:
  static constexpr bool is_one_way = std::is_same_v<Router, whole_router>;
  static constexpr bool is_keyed = requires(Router & router) {
    router.channel(std::uint64_t{});
  };
  /// Rows are written behind the batch's back and counted when it is sealed.
  static constexpr bool raw_rows = std::is_trivially_copyable_v<T>;

  /// Rows of plain bytes with their keys in them.
  static constexpr bool in_blocks = [] {
    if constexpr (raw_rows && is_keyed)
      return std::is_reference_v<decltype(std::declval<Router&>().key(
        std::declval<const T&>()))>;
    else
      return false;
  }();
  static constexpr std::size_t block_rows = 256;

  static port_shape shape_of(const Router& router) {
    if constexpr (is_one_way)
      return router.to_all ? port_shape::broadcast : port_shape::one_way;
    else
      return port_shape::scatter;
  }

  static record_batch<T>& typed_batch(const open_batch& slot) {
    return static_cast<record_batch<T>&>(*slot.batch);
  }

  void receive_whole(record_batch_ptr<T> batch) requires is_one_way {
    open_batch& slot = open_[0];
    constexpr std::size_t small = record_batch<T>::target_records / 2;
    if (slot.count > 0 && slot.count + batch->size() > small)
      seal(0);
    if (slot.count > 0) {
      // Small batches are put together rather than sent one by one.
      auto joined = make_exclusive(typed<T>(std::move(slot.batch)));
      joined->append_range(*batch, 0, batch->size());
      batch = std::move(joined);
    }
    slot.count = batch->size();
    slot.batch = std::move(batch);
    if (slot.count >= small)
      seal(0);
  }

  void scatter(record_batch_ptr<T> batch) requires(!is_one_way) {
    std::size_t at = 0;
    if constexpr (requires(const T& value) { router_.failed(value); }) {
      try {
        scatter_records(*batch, at);
      } catch (...) {
        router_.failed(std::as_const(*batch).values()[at]);
      }
    } else {
      scatter_records(*batch, at);
    }
  }

  /// @param at the record at hand
  void scatter_records(const record_batch<T>& batch,
                       std::size_t& at) requires(!is_one_way) {
    const auto values = batch.values();
    const auto stamps = batch.timestamps();
    while (at < values.size()) {
      if constexpr (in_blocks) {
        const std::size_t first = at;
        std::array<std::uint64_t, block_rows> hashes;
        for (; at < std::min(first + block_rows, values.size()); ++at)
          hashes[at - first] = key_hash(router_.key(values[at]));
        scatter_block({values.subspan(first, at - first),
                       stamps.subspan(first, at - first),
                       {hashes.data(), at - first}});
      } else {
        if constexpr (is_keyed)
          scatter_keyed(values[at], stamps[at]);
        else
          put(router_(values[at]), values[at], stamps[at], 0);
        ++at;
      }
    }
  }

  struct row_block {
    std::span<const T> values;
    std::span<const timestamp> stamps;
    std::span<const std::uint64_t> hashes;
  };

  /// Sorts the rows of a block by channel first, so that each of the copying
  /// loops has one destination, in registers.
  void scatter_block(const row_block& block) requires in_blocks {
    if (open_.size() <= 2) {
      split_in_two(block);
      return;
    }
    const std::size_t count = block.values.size();
    std::array<std::uint32_t, block_rows> channel;
    for (std::size_t i = 0; i < count; ++i)
      ++rows_of_[channel[i] = router_.channel(block.hashes[i])];
    std::uint32_t begin = 0;
    for (std::uint32_t& each : rows_of_)
      begin += std::exchange(each, begin);
    std::array<std::uint32_t, block_rows> sorted;
    for (std::uint32_t i = 0; i < count; ++i)
      sorted[rows_of_[channel[i]]++] = i;
    begin = 0;
    for (std::size_t i = 0; i < rows_of_.size(); ++i) {
      const std::uint32_t end = std::exchange(rows_of_[i], 0);
      put_rows(i, {sorted.data() + begin, end - begin}, block);
      begin = end;
    }
  }

  /// Without a branch: each row is noted for both channels, and overwritten
  /// where it does not belong.
  void split_in_two(const row_block& block) requires in_blocks {
    std::array<std::uint32_t, block_rows + 1> first;
    std::array<std::uint32_t, block_rows + 1> second;
    std::size_t in_first = 0;
    std::size_t in_second = 0;
    for (std::uint32_t i = 0; i < block.values.size(); ++i) {
      const std::uint32_t channel = router_.channel(block.hashes[i]);
      first[in_first] = i;
      second[in_second] = i;
      in_first += 1 - channel;
      in_second += channel;
    }
    put_rows(0, {first.data(), in_first}, block);
    put_rows(1, {second.data(), in_second}, block);
  }

  /// Copies the rows named to a channel, sealing what gets full.
  void put_rows(std::size_t channel, std::span<const std::uint32_t> named,
                const row_block& block) requires in_blocks {
    while (!named.empty()) {
      open_batch& slot = slot_of(channel);
      const std::size_t count =
        std::min(named.size(), record_batch<T>::target_records - slot.count);
      T* const values = static_cast<T*>(slot.rows) + slot.count;
      timestamp* const stamps = slot.stamps + slot.count;
      std::uint64_t* const hashes = slot.hashes + slot.count;
      for (std::size_t i = 0; i < count; ++i) {
        values[i] = block.values[named[i]];
        stamps[i] = block.stamps[named[i]];
        hashes[i] = block.hashes[named[i]];
      }
      slot.count += count;
      named = named.subspan(count);
      if (slot.count == record_batch<T>::target_records)
        seal(channel);
    }
  }

  void scatter_keyed(const T& value, timestamp stamp) requires is_keyed {
    decltype(auto) key = router_.key(value);
    const std::uint64_t hash = key_hash(key);
    const std::uint32_t channel = router_.channel(hash);
    if constexpr (std::is_reference_v<decltype(key)>) {
      put(channel, value, stamp, hash);
    } else {
      typed_batch(slot_of(channel))
        .template keys<std::remove_cv_t<decltype(key)>>()
        .emplace_back(std::move(key));
      put(channel, value, stamp, hash);
    }
  }

  open_batch& slot_of(std::size_t channel) {
    open_batch& slot = open_[channel];
    if (!slot.batch) [[unlikely]]
      open(slot);
    return slot;
  }

  void open(open_batch& slot) {
    auto batch = record_batch<T>::make();
    if constexpr (raw_rows) {
      constexpr std::size_t rows = record_batch<T>::target_records;
      std::tie(slot.rows, slot.stamps) = batch->append_uninitialized(rows);
      if constexpr (is_keyed)
        slot.hashes = batch->hash_column().append_uninitialized(rows);
    }
    slot.batch = std::move(batch);
  }

  void put(std::size_t channel, const T& value, timestamp stamp,
           std::uint64_t hash) {
    open_batch& slot = slot_of(channel);
    if constexpr (raw_rows) {
      static_cast<T*>(slot.rows)[slot.count] = value;
      slot.stamps[slot.count] = stamp;
      if constexpr (is_keyed)
        slot.hashes[slot.count] = hash;
      ++slot.count;
      if (slot.count == record_batch<T>::target_records) [[unlikely]]
        seal(channel);
    } else {
      record_batch<T>& batch = typed_batch(slot);
      batch.append(value, stamp);
      if constexpr (is_keyed)
        batch.append_hash(hash);
      ++slot.count;
      if (batch.at_target()) [[unlikely]]
        seal(channel);
    }
  }

  Router router_;
  std::vector<std::uint32_t> rows_of_; // of a block, by channel; else zeros
};

} // namespace flow
