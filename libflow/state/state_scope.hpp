#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <utility>

#include "libflow/core/codec.hpp"
#include "libflow/core/hash.hpp"
#include "libflow/core/key_group.hpp"
#include "libflow/state/key_hasher.hpp"

namespace flow {

/// The namespace of state that needs none beside its key.
struct no_namespace {
  friend bool operator==(const no_namespace&, const no_namespace&) = default;
};

namespace detail {

/// What tells namespaces of one key apart in a table.
template <class N>
[[nodiscard]] std::uint64_t namespace_hash(const N& space) {
  return key_hash(space);
}
[[nodiscard]] inline std::uint64_t namespace_hash(const no_namespace&) {
  return 0;
}

/// Hash of a key together with its namespace. It lies in the key group of the
/// key and is spread over the whole of that group's range, so that a table
/// stays in the order of key groups and one key with many namespaces fills no
/// single segment.
class scoped_hash {
public:
  explicit scoped_hash(std::uint32_t max_parallelism) noexcept
    : max_(max_parallelism), group_bits_(std::has_single_bit(max_parallelism)
                                           ? std::countr_zero(max_parallelism)
                                           : -1) {}

  [[nodiscard]] std::uint64_t operator()(std::uint64_t key,
                                         std::uint64_t space) const noexcept {
    const std::uint64_t mixed = mix(key, space);
    if (group_bits_ == 0)
      return mixed;
    if (group_bits_ > 0) [[likely]]
      return ((key >> (64 - group_bits_)) << (64 - group_bits_))
             | (mixed >> group_bits_);
    const std::uint32_t group = key_group_of(key, max_);
    const hash_range range = hashes_of({group, group}, max_);
    const std::uint64_t width = ((range.last - range.first) >> 32) + 1;
    const std::uint64_t upper = ((mixed >> 32) * width) >> 32;
    return range.first + (upper << 32) + (mixed & 0xffffffff);
  }

private:
  [[nodiscard]] static std::uint64_t mix(std::uint64_t key,
                                         std::uint64_t space) noexcept {
    std::uint64_t x = key ^ std::rotl(space, 32);
    x = (x ^ (x >> 32)) * 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9;
    return x ^ (x >> 32);
  }

  std::uint32_t max_;
  int group_bits_;
};

/// The key of a table whose entries belong to a key and a namespace.
template <class K, class N>
struct scoped_key {
  K key;
  N space;

  friend bool operator==(const scoped_key&, const scoped_key&) = default;
};

/// The same, to look for: refers to its parts.
template <class K, class N>
struct scoped_key_ref {
  const K& key;
  const N& space;

  friend bool operator==(const scoped_key<K, N>& a, const scoped_key_ref& b) {
    return a.key == b.key && a.space == b.space;
  }
  explicit operator scoped_key<K, N>() const { return {key, space}; }
};

/// How a table of one operator's state names its entries: by key alone, or by
/// key and namespace.
template <class K, class N>
struct scoping {
  using key_type = scoped_key<K, N>;

  struct hasher {
    scoped_hash combine;
    [[nodiscard]] std::uint64_t operator()(const key_type& key) const {
      return combine(key_hash(key.key), namespace_hash(key.space));
    }
  };

  [[nodiscard]] static hasher make_hasher(std::uint32_t max_parallelism) {
    return {scoped_hash{max_parallelism}};
  }
  [[nodiscard]] static std::uint64_t hash(const hasher& with, std::uint64_t key,
                                          std::uint64_t space) noexcept {
    return with.combine(key, space);
  }
  [[nodiscard]] static scoped_key_ref<K, N> ref(const K& key, const N& space) {
    return {key, space};
  }
  [[nodiscard]] static const K& key_of(const key_type& key) { return key.key; }
  [[nodiscard]] static bool in_namespace(const key_type& key, const N& space) {
    return key.space == space;
  }
  [[nodiscard]] static std::string namespace_schema() {
    return codec<N>::schema();
  }
  static void encode(const key_type& key, byte_writer& out) {
    codec<K>::encode(key.key, out);
    codec<N>::encode(key.space, out);
  }
  [[nodiscard]] static bool decode(byte_reader& in, key_type& key) {
    return codec<K>::decode(in, key.key) && codec<N>::decode(in, key.space);
  }
};

template <class K>
struct scoping<K, no_namespace> {
  using key_type = K;
  using hasher = key_hasher;

  [[nodiscard]] static hasher make_hasher(std::uint32_t) { return {}; }
  [[nodiscard]] static std::uint64_t hash(const hasher&, std::uint64_t key,
                                          std::uint64_t) noexcept {
    return key;
  }
  [[nodiscard]] static const K& ref(const K& key, const no_namespace&) {
    return key;
  }
  [[nodiscard]] static const K& key_of(const K& key) { return key; }
  [[nodiscard]] static bool in_namespace(const K&, const no_namespace&) {
    return true;
  }
  [[nodiscard]] static std::string namespace_schema() { return {}; }
  static void encode(const K& key, byte_writer& out) {
    codec<K>::encode(key, out);
  }
  [[nodiscard]] static bool decode(byte_reader& in, K& key) {
    return codec<K>::decode(in, key);
  }
};

/// What a store knows of all its scopes.
struct state_scope_base {
  virtual ~state_scope_base() = default;
};

} // namespace detail

/// The namespace (a window, say) in which states that were made with it read
/// and write: one current value per operator and type.
/// Owner: the keyed_state_store. @thread the operator's
template <class N>
class state_scope final : public detail::state_scope_base {
public:
  /// Turns to another namespace; references from states end.
  void select(const N& space) {
    current_ = space;
    hash_ = detail::namespace_hash(space);
  }

  [[nodiscard]] const N& current() const noexcept { return current_; }
  [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }

private:
  N current_{};
  std::uint64_t hash_ = detail::namespace_hash(N{});
};

} // namespace flow
