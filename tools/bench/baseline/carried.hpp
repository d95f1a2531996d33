#pragma once

#include "libflow/core/hash.hpp"
#include "tools/bench/tape.hpp"

namespace flow::bench {

/// What travels: the record, its timestamp and the hash of its key.
template <class Record>
struct carried {
  Record value;
  timestamp time;
  std::uint64_t hash;
};

/// Which thread has the keys of a hash.
inline std::size_t owner_of(std::uint64_t hash, std::size_t threads) {
  return static_cast<std::size_t>((hash >> 32) * threads >> 32);
}

} // namespace flow::bench
