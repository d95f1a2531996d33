#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "libflow/flow.hpp"

namespace nexmark {

/// Values by key over the few records that a function sees between two calls
/// of `end_batch`, so that what records of one key have in common is sent on
/// once.
/// Owner: a function object. At most 256 keys at a time. @thread the subtask
template <class Key, class Value>
class combiner {
public:
  struct entry {
    Key key;
    Value value;
    std::uint32_t slot;
  };

  combiner() : slots_(slot_count, none) { entries_.reserve(most_keys); }

  /// The value of a key, a new one made of `initial`.
  Value& find(const Key& key, const Value& initial) {
    auto slot = static_cast<std::uint32_t>(flow::key_hash(key) % slot_count);
    for (; slots_[slot] != none; slot = (slot + 1) % slot_count)
      if (entry& found = entries_[slots_[slot]]; found.key == key)
        return found.value;
    FLOW_ASSERT(entries_.size() < most_keys, "too many keys to combine");
    slots_[slot] = static_cast<std::uint16_t>(entries_.size());
    return entries_.emplace_back(entry{key, initial, slot}).value;
  }

  /// Calls f(key, value) for all in the order of their first records, and
  /// forgets them.
  template <class F>
  void drain(F&& f) {
    for (entry& each : entries_) {
      f(std::as_const(each.key), each.value);
      slots_[each.slot] = none;
    }
    entries_.clear();
  }

private:
  static constexpr std::size_t most_keys = 256;
  static constexpr std::size_t slot_count = 1024;
  static constexpr std::uint16_t none = 0xffff;

  std::vector<std::uint16_t> slots_; ///< index of an entry, or none
  std::vector<entry> entries_;
};

} // namespace nexmark
