#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "libflow/core/arena.hpp"
#include "libflow/core/bytes.hpp"
#include "libflow/core/codec.hpp"
#include "libflow/core/error.hpp"
#include "libflow/state/descriptors.hpp"
#include "libflow/state/redistribute.hpp"
#include "libflow/state/state_format.hpp"

namespace flow {

/// The entries of a list or union list state in this subtask; the order
/// is kept, also through redistribution.
/// Owner: the operator_state_store.
/// @thread the operator's
template <class T>
class operator_list_state {
public:
  [[nodiscard]] const std::vector<T>& get() const noexcept { return entries_; }
  void add(T value) { entries_.push_back(std::move(value)); }
  void set(std::vector<T> values) { entries_ = std::move(values); }
  void clear() noexcept { entries_.clear(); }

private:
  std::vector<T> entries_;
};

/// As operator_list_state, except that a restore gives every subtask all
/// entries.
template <class T>
class union_list_state : public operator_list_state<T> {};

/// A map that is the same in every subtask, because all receive the same
/// broadcast elements in the same order.
/// Owner: the operator_state_store.
/// @thread the operator's
template <class Key, class Value>
class broadcast_state {
public:
  /// Valid until the next change; nullptr if absent.
  [[nodiscard]] const Value* find(const Key& key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
  }
  void set(Key key, Value value) {
    entries_.insert_or_assign(std::move(key), std::move(value));
  }
  bool erase(const Key& key) { return entries_.erase(key) == 1; }
  void clear() noexcept { entries_.clear(); }

  /// In the order of keys, so that equal states are equal bytes.
  [[nodiscard]] const std::map<Key, Value>& entries() const noexcept {
    return entries_;
  }

private:
  std::map<Key, Value> entries_;
};

namespace detail {

/// One operator state, its types erased.
class operator_cell {
public:
  explicit operator_cell(state_header header) : header_(std::move(header)) {}
  virtual ~operator_cell() = default;

  [[nodiscard]] const state_header& header() const noexcept { return header_; }
  [[nodiscard]] virtual std::vector<std::vector<std::byte>> encode() const = 0;
  /// Adds one entry; false: damaged.
  [[nodiscard]] virtual bool decode(byte_reader& in) = 0;

private:
  state_header header_;
};

template <class State, class T>
class list_cell final : public operator_cell {
public:
  using operator_cell::operator_cell;

  [[nodiscard]] std::vector<std::vector<std::byte>> encode() const override {
    std::vector<std::vector<std::byte>> result;
    for (const T& value : state.get()) {
      byte_writer out{result.emplace_back()};
      codec<T>::encode(value, out);
    }
    return result;
  }

  bool decode(byte_reader& in) override {
    const arena_scope owning{nullptr};
    T value{};
    if (!codec<T>::decode(in, value))
      return false;
    state.add(std::move(value));
    return true;
  }

  State state;
};

template <class Key, class Value>
class broadcast_cell final : public operator_cell {
public:
  using operator_cell::operator_cell;

  [[nodiscard]] std::vector<std::vector<std::byte>> encode() const override {
    std::vector<std::vector<std::byte>> result;
    for (const auto& [key, value] : state.entries()) {
      byte_writer out{result.emplace_back()};
      codec<Key>::encode(key, out);
      codec<Value>::encode(value, out);
    }
    return result;
  }

  bool decode(byte_reader& in) override {
    const arena_scope owning{nullptr};
    Key key{};
    Value value{};
    if (!codec<Key>::decode(in, key) || !codec<Value>::decode(in, value))
      return false;
    state.set(std::move(key), std::move(value));
    return true;
  }

  broadcast_state<Key, Value> state;
};

} // namespace detail

/// The states of one operator in one subtask that belong to no key.
/// Owner: the operator; references it gives are valid as long as it.
/// @thread the operator's
class operator_state_store {
public:
  operator_state_store() = default;
  operator_state_store(const operator_state_store&) = delete;
  operator_state_store& operator=(const operator_state_store&) = delete;

  /// The state of a name; made at the first call. The same name as another
  /// kind or with another type is an error.
  template <class T>
  expected<operator_list_state<T>*>
  list(const list_state_descriptor<T>& wanted) {
    return get<detail::list_cell<operator_list_state<T>, T>,
               operator_list_state<T>>(state_format::state_kind::list,
                                       wanted.name, codec<T>::schema());
  }
  template <class T>
  expected<union_list_state<T>*>
  union_list(const union_list_state_descriptor<T>& wanted) {
    return get<detail::list_cell<union_list_state<T>, T>, union_list_state<T>>(
      state_format::state_kind::union_list, wanted.name, codec<T>::schema());
  }
  template <class Key, class Value>
  expected<broadcast_state<Key, Value>*>
  broadcast(const broadcast_state_descriptor<Key, Value>& wanted) {
    return get<detail::broadcast_cell<Key, Value>, broadcast_state<Key, Value>>(
      state_format::state_kind::broadcast, wanted.name,
      codec<Key>::schema() + "->" + codec<Value>::schema());
  }

  /// Everything as it is now, encoded. Cost: a copy of all entries; operator
  /// states are small.
  [[nodiscard]] std::vector<operator_state_part> snapshot() const;

  /// Adds what redistribute_states() gave this subtask. A state of another
  /// kind or schema is incompatible, damaged entries are corrupt_data; names
  /// that the operator does not have are returned.
  expected<std::vector<std::string>>
  restore(std::span<const operator_state_part> parts);

private:
  template <class Cell, class State>
  expected<State*> get(state_format::state_kind kind, const std::string& name,
                       std::string schema) {
    for (const auto& known : cells_) {
      if (known->header().name != name)
        continue;
      if (auto* same = dynamic_cast<Cell*>(known.get()))
        return &same->state;
      return error{error_code::invalid_argument,
                   "the operator state \"" + name + "\" holds "
                     + known->header().schema
                     + "; it cannot also be of another kind or hold " + schema};
    }
    auto made = std::make_unique<Cell>(
      detail::state_header{kind, name, std::move(schema)});
    State* state = &made->state;
    cells_.push_back(std::move(made));
    return state;
  }

  std::vector<std::unique_ptr<detail::operator_cell>> cells_;
};

} // namespace flow
