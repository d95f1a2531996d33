#pragma once

#include <cstdint>
#include <stdexcept>

#include "libflow/core/hash.hpp"

namespace flow {

/// The hash of a table's keys unless told otherwise.
struct key_hasher {
  template <class K>
  [[nodiscard]] std::uint64_t operator()(const K& key) const {
    return key_hash(key);
  }
};

/// For who misses a key of which it knows the hash: the hash that a record
/// brought was not that of its key. Throws, so that the attempt fails.
[[noreturn, gnu::cold, gnu::noinline]] inline void fail_for_changed_key() {
  throw std::runtime_error{
    "the key of a record changed on its way, its hash did not: either a key "
    "selector gives different keys for the same record, or a process has sent "
    "what it should not"};
}

} // namespace flow
