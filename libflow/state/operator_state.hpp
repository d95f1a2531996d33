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

/// The entries of a list state in this subtask; the order is kept, also through
/// redistribution. At another parallelism all entries are dealt out evenly.
/// Owner: a cheap handle; the operator outlives it. @thread the operator's
template <class T>
class operator_list_state {
public:
  /// Names no state; a member of a function object before `open`.
  operator_list_state() = default;

  explicit operator_list_state(std::vector<T>& entries) noexcept
    : entries_(&entries) {}

  /// Valid until the next change.
  [[nodiscard]] const std::vector<T>& get() const noexcept { return *entries_; }
  void add(T value) { entries_->push_back(std::move(value)); }
  void set(std::vector<T> values) { *entries_ = std::move(values); }
  void clear() noexcept { entries_->clear(); }

private:
  std::vector<T>* entries_ = nullptr;
};

/// As operator_list_state, except that a restore gives every subtask the
/// entries of all, in the order of the subtasks.
template <class T>
class union_list_state : public operator_list_state<T> {
public:
  using operator_list_state<T>::operator_list_state;
};

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
  [[nodiscard]] virtual std::size_t bytes() const noexcept = 0;

private:
  state_header header_;
};

/// A list or, as its header says, a union list.
template <class T>
class list_cell final : public operator_cell {
public:
  using operator_cell::operator_cell;

  [[nodiscard]] std::vector<std::vector<std::byte>> encode() const override {
    std::vector<std::vector<std::byte>> result;
    for (const T& value : entries) {
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
    entries.push_back(std::move(value));
    return true;
  }

  [[nodiscard]] std::size_t bytes() const noexcept override {
    return entries.capacity() * sizeof(T);
  }

  std::vector<T> entries;
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

  /// Each entry is a node of a tree.
  [[nodiscard]] std::size_t bytes() const noexcept override {
    constexpr std::size_t node =
      sizeof(std::pair<const Key, Value>) + 4 * sizeof(void*);
    return state.entries().size() * node;
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
  /// kind or with another type is an error, and a time to live too.
  template <class T>
  expected<operator_list_state<T>>
  list(const list_state_descriptor<T>& wanted) {
    if (wanted.ttl)
      return error{error_code::invalid_argument,
                   "the operator state \"" + wanted.name
                     + "\" has a time to live; only keyed state can"};
    auto cell =
      get<detail::list_cell<T>>(state_format::state_kind::list, wanted.name,
                                versioned(codec<T>::schema(), wanted.version));
    if (!cell)
      return cell.error();
    return operator_list_state<T>{(*cell)->entries};
  }
  template <class T>
  expected<union_list_state<T>>
  union_list(const union_list_state_descriptor<T>& wanted) {
    auto cell = get<detail::list_cell<T>>(
      state_format::state_kind::union_list, wanted.name,
      versioned(codec<T>::schema(), wanted.version));
    if (!cell)
      return cell.error();
    return union_list_state<T>{(*cell)->entries};
  }
  template <class Key, class Value>
  expected<broadcast_state<Key, Value>*>
  broadcast(const broadcast_state_descriptor<Key, Value>& wanted) {
    auto cell = get<detail::broadcast_cell<Key, Value>>(
      state_format::state_kind::broadcast, wanted.name,
      codec<Key>::schema() + "->" + codec<Value>::schema());
    if (!cell)
      return cell.error();
    return &(*cell)->state;
  }

  /// Everything as it is now, encoded. Cost: a copy of all entries; operator
  /// states are small.
  [[nodiscard]] std::vector<operator_state_part> snapshot() const;

  /// Adds what redistribute_states() gave this subtask. A state of another
  /// kind or schema is incompatible, damaged entries are corrupt_data; names
  /// that the operator does not have are returned.
  expected<std::vector<std::string>>
  restore(std::span<const operator_state_part> parts);

  /// Bytes held, without what entries own elsewhere (long texts); an estimate.
  /// Cost: the number of states.
  [[nodiscard]] std::size_t bytes() const noexcept;

private:
  static std::string versioned(std::string schema, std::uint32_t version) {
    return version == 0 ? schema : schema + "@" + std::to_string(version);
  }

  template <class Cell>
  expected<Cell*> get(state_format::state_kind kind, const std::string& name,
                      std::string schema) {
    for (const auto& known : cells_) {
      const auto& header = known->header();
      if (header.name != name)
        continue;
      auto* same = dynamic_cast<Cell*>(known.get());
      if (same != nullptr && header.kind == kind && header.schema == schema)
        return same;
      return error{error_code::invalid_argument,
                   "the operator state \"" + name + "\" holds " + header.schema
                     + "; it cannot also be of another kind or hold " + schema};
    }
    auto made = std::make_unique<Cell>(
      detail::state_header{kind, name, std::move(schema)});
    Cell* cell = made.get();
    cells_.push_back(std::move(made));
    return cell;
  }

  std::vector<std::unique_ptr<detail::operator_cell>> cells_;
};

} // namespace flow
