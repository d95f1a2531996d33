#pragma once

#include "libflow/state/segmented_table.hpp"
#include "tools/bench/baseline/exchange.hpp"

namespace flow::bench {

template <class Value>
using table_of_keys = segmented_table<std::uint64_t, Value>;

/// The engine's table for the keys of one thread.
template <class Value>
std::unique_ptr<table_of_keys<Value>> own_table(std::size_t self,
                                                std::size_t threads) {
  const auto own = static_cast<std::uint32_t>(self);
  return std::make_unique<table_of_keys<Value>>(
    std::make_shared<segment_pool>(),
    hashes_of({own, own}, static_cast<std::uint32_t>(threads)));
}

} // namespace flow::bench
