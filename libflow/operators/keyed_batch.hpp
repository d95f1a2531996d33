#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>

#include "libflow/core/assert.hpp"
#include "libflow/core/batch.hpp"
#include "libflow/core/hash.hpp"

namespace flow {

/// The type of the keys that a selector finds in records of type T.
template <class T, class Selector>
using key_of = std::remove_cvref_t<std::invoke_result_t<Selector&, const T&>>;

/// How a keyed operator sees the keys and hashes of a batch. A selector that
/// returns a reference (a member of the record) is asked again for each key; of
/// one that computes keys, the sender ships them in a column of the batch. A
/// batch that comes without hashes, because no keyed exchange lies before the
/// operator, is hashed here, once.
/// Owner: a keyed operator. What it returns is valid until the next attach()
/// and as long as the batch.
/// Debug builds check that the selector finds what the sender found: a selector
/// has to be pure.
/// @thread the subtask
template <class T, class Selector>
class keyed_view {
public:
  using key_type = key_of<T, Selector>;

  explicit keyed_view(Selector selector) : selector_(std::move(selector)) {}

  /// Turns to another batch.
  void attach(record_batch<T>& batch) {
    values_ = std::as_const(batch).values();
    hashes_ = batch.hashes();
    const bool shipped = hashes_.size() == values_.size();
    if constexpr (!reads_records) {
      if (shipped)
        keys_ = std::as_const(batch.template keys<key_type>());
      else
        compute_keys();
      FLOW_ASSERT(keys_.size() == values_.size(),
                  "a keyed batch came without its computed keys");
    }
    if (shipped)
      check_shipped();
    else
      compute_hashes();
  }

  /// The key of record `index`.
  [[nodiscard]] const key_type& key(std::size_t index) {
    if constexpr (reads_records)
      return std::invoke(selector_, values_[index]);
    else
      return keys_[index];
  }

  /// One hash a record.
  [[nodiscard]] std::span<const std::uint64_t> hashes() const noexcept {
    return hashes_;
  }

private:
  static constexpr bool reads_records =
    std::is_reference_v<std::invoke_result_t<Selector&, const T&>>;

  void compute_keys() {
    own_keys_.clear();
    own_keys_.reserve(values_.size());
    for (const T& value : values_)
      own_keys_.emplace_back(std::invoke(selector_, value));
    keys_ = std::as_const(own_keys_);
  }

  void compute_hashes() {
    own_hashes_.clear();
    own_hashes_.reserve(values_.size());
    for (std::size_t i = 0; i < values_.size(); ++i)
      own_hashes_.emplace_back(key_hash(key(i)));
    hashes_ = std::as_const(own_hashes_);
  }

  void check_shipped() {
#ifndef NDEBUG
    for (std::size_t i = 0; i < values_.size(); ++i) {
      FLOW_ASSERT(key_hash(key(i)) == hashes_[i],
                  "the key of a record changed on its way: a key selector has "
                  "to give the same key for the same record, always");
    }
#endif
  }

  Selector selector_;
  std::span<const T> values_;
  std::span<const std::uint64_t> hashes_;
  std::span<const key_type> keys_; // unused where records hold the keys
  column<key_type> own_keys_;
  column<std::uint64_t> own_hashes_;
};

} // namespace flow
