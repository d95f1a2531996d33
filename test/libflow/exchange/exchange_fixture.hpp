#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "libflow/core/batch.hpp"
#include "libflow/exchange/output_channels.hpp"
#include "libflow/exchange/stream_element.hpp"

namespace flow::test {

/// A batch with one record.
inline batch_ptr batch_of(std::uint64_t value) {
  auto batch = record_batch<std::uint64_t>::make();
  batch->append(value, static_cast<timestamp>(value));
  return batch_ptr{std::move(batch)};
}

inline stream_element data(std::uint64_t value,
                           timestamp after = min_timestamp) {
  return stream_element::of_data(batch_of(value), after);
}

/// The record of an element made by data().
inline std::uint64_t value_of(const stream_element& element) {
  return static_cast<const record_batch<std::uint64_t>&>(*element.batch())
    .values()[0];
}

struct sent_element {
  std::size_t channel = 0;
  std::uint64_t sequence = 0;
  stream_element element;
};

/// Keeps what is sent.
struct recording_sink final : channel_sink {
  void send(std::size_t channel, std::uint64_t sequence,
            stream_element&& element) override {
    sent.push_back({channel, sequence, std::move(element)});
  }

  std::vector<sent_element> sent;
};

} // namespace flow::test
