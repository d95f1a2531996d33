// expect: a key holds no floating-point number: use flow::float_key
#include <utility>

#include "libflow/core/hash.hpp"

std::uint64_t hash_of(const std::pair<int, double>& key) {
  return flow::key_hash(key);
}
