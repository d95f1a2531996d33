#pragma once

#include <cstdint>

#include "libflow/core/hash.hpp"

namespace flow {

/// The hash of a table's keys unless told otherwise.
struct key_hasher {
  template <class K>
  [[nodiscard]] std::uint64_t operator()(const K& key) const {
    return key_hash(key);
  }
};

} // namespace flow
