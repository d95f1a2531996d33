#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/core/key_group.hpp"
#include "libflow/core/type_name.hpp"
#include "libflow/state/descriptors.hpp"
#include "libflow/state/folding_state.hpp"
#include "libflow/state/keyed_value_cell.hpp"
#include "libflow/state/list_state.hpp"
#include "libflow/state/map_state.hpp"
#include "libflow/state/scoped_cell.hpp"
#include "libflow/state/timer_service.hpp"

namespace flow {

/// The keyed states and timers of one operator in one subtask: the keys of one
/// range of key groups. A state is found by operator, name, key and, where it
/// was made in a scope, namespace.
///
/// The operator works in blocks of up to `keyed_block_records` records. It
/// calls prefetch() for the block after this one, begin_block() for this one,
/// and select() before each record's user code; the user's code then reads and
/// writes through its handles, which follow a pointer found at begin_block().
/// States with a namespace or a time to live are looked up at each access.
///
/// Owner: the operator; handles and the spans given to begin_block() refer to
/// each other until end_block() or the next block.
/// @thread the operator's
template <class K>
class keyed_state_store {
public:
  /// @param time  measures times to live; outlives the store. Without one, a
  ///              state with a time to live is refused
  explicit keyed_state_store(
    key_group_range groups, std::uint32_t max_parallelism,
    std::shared_ptr<segment_pool> pool = std::make_shared<segment_pool>(),
    const clock* time = nullptr)
    : groups_(groups), place_{std::move(pool),
                              hashes_of(groups, max_parallelism),
                              max_parallelism},
      time_(time) {}

  keyed_state_store(const keyed_state_store&) = delete;
  keyed_state_store& operator=(const keyed_state_store&) = delete;

  /// The namespaces of type N: one current at a time, for all states made with
  /// the result. Valid as long as the store.
  template <class N>
  state_scope<N>& scope() {
    for (const auto& known : scopes_)
      if (auto* found = dynamic_cast<state_scope<N>*>(known.get()))
        return *found;
    scopes_.push_back(std::make_unique<state_scope<N>>());
    return static_cast<state_scope<N>&>(*scopes_.back());
  }

  /// The state of a name; made at the first call. The same name with another
  /// type is an error. Default value and time to live are those of the first
  /// call. With a scope, the state of the scope's current namespace.
  template <class T, class N = no_namespace>
  expected<value_state<T>> value(const value_state_descriptor<T>& wanted,
                                 const state_scope<N>* in = nullptr) {
    return folded(state_format::state_kind::value, wanted, wanted.default_value,
                  in);
  }

  template <class T, class N = no_namespace>
  expected<list_state<T>> list(const list_state_descriptor<T>& wanted,
                               const state_scope<N>* in = nullptr) {
    return in_lists<T>(wanted, in);
  }

  /// The same for the engine's own states.
  template <class T, class N = no_namespace>
  expected<value_state<T>>
  value(const detail::lasting_value_descriptor<T>& wanted,
        const state_scope<N>* in = nullptr) {
    return folded(state_format::state_kind::value, wanted, wanted.default_value,
                  in);
  }
  template <class T, class N = no_namespace>
  expected<list_state<T>> list(const detail::lasting_list_descriptor<T>& wanted,
                               const state_scope<N>* in = nullptr) {
    return in_lists<T>(wanted, in);
  }

  template <class MK, class MV, class N = no_namespace>
  expected<map_state<MK, MV>> map(const map_state_descriptor<MK, MV>& wanted,
                                  const state_scope<N>* in = nullptr) {
    return in_parts<map_state<MK, MV>, detail::chunk_map<MK, MV>,
                    detail::chunk_map<MK, detail::timed<MV>>>(
      state_format::state_kind::map, wanted, in);
  }

  template <class T, class F, class N = no_namespace>
  expected<reducing_state<T, F>>
  reducing(const reducing_state_descriptor<T, F>& wanted,
           const state_scope<N>* in = nullptr) {
    auto kept = folded(state_format::state_kind::reducing, wanted, T{}, in);
    if (!kept)
      return kept.error();
    return reducing_state<T, F>{*kept, std::make_shared<F>(wanted.function)};
  }

  template <class In, class F, class N = no_namespace>
  expected<aggregating_state<In, F>>
  aggregating(const aggregating_state_descriptor<In, F>& wanted,
              const state_scope<N>* in = nullptr) {
    auto function = std::make_shared<F>(wanted.function);
    auto kept = folded(state_format::state_kind::aggregating, wanted,
                       detail::fresh_accumulator(*function), in);
    if (!kept)
      return kept.error();
    return aggregating_state<In, F>{*kept, std::move(function)};
  }

  /// The timers of a name, with namespaces of type N; made at the first call.
  template <class N = no_namespace>
  expected<timer_service<K, N>> timers(const std::string& name) {
    auto* event =
      timer_cell<N>(state_format::state_kind::event_timers, name + ".event");
    auto* processing = timer_cell<N>(
      state_format::state_kind::processing_timers, name + ".processing");
    if (event == nullptr || processing == nullptr)
      return error{error_code::invalid_argument,
                   "the timers \"" + name
                     + "\" have namespaces of another type"};
    return timer_service<K, N>{*this, *event, *processing};
  }

  /// Starts loading what begin_block() will touch for these hashes: those of
  /// the block after the one in work.
  void prefetch(std::span<const std::uint64_t> hashes) const {
    for (const auto& cell : cells_)
      cell->prefetch(hashes);
  }

  /// Looks all keys up; no key is current yet.
  /// @pre both spans have the same size, at most keyed_block_records; the
  ///      hashes are the keys'; both stay in place until end_block()
  void begin_block(std::span<const K* const> keys,
                   std::span<const std::uint64_t> hashes) {
    FLOW_ASSERT(keys.size() == hashes.size()
                  && keys.size() <= keyed_block_records,
                "a block has a hash for each of its at most 32 keys");
    set_block(keys, hashes);
    for (auto* cell : expiring_)
      cell->sweep();
    for (const auto& cell : cells_)
      cell->resolve();
  }

  /// Makes the key of a record of the block current.
  void select(std::size_t index) noexcept {
    block_.cursor.index = static_cast<std::uint32_t>(index);
  }

  /// Makes one key current, for a timer or a single record; ends a block. The
  /// key stays in place until end_block() or the next key or block.
  void select(const K& key, std::uint64_t hash) {
    single_key_ = &key;
    single_hash_ = hash;
    set_block({&single_key_, 1}, {&single_hash_, 1});
    if (!expiring_.empty() && ++singles_ % keyed_block_records == 0)
      for (auto* cell : expiring_)
        cell->sweep();
    for (const auto& cell : cells_)
      cell->forget();
    select(0);
  }

  /// No key is current any more.
  void end_block() noexcept {
    block_.keys = {};
    block_.hashes = {};
    block_.cursor.index = detail::block_cursor::no_key;
  }

  [[nodiscard]] bool has_current_key() const noexcept {
    return block_.cursor.index != detail::block_cursor::no_key;
  }

  /// @pre a key is current
  [[nodiscard]] const K& current_key() const {
    return *block_.keys[block_.current()];
  }
  [[nodiscard]] std::uint64_t current_hash() const {
    return block_.hashes[block_.current()];
  }

  /// Calls f(const K&, Handle&) for every key that has an entry in the state of
  /// the handle (in the current namespace) when the call begins, with that key
  /// current. f may change the state. No key is current afterwards.
  template <class Handle, class F>
  void for_each_key(Handle& state, F&& f) {
    auto* cell = dynamic_cast<detail::keyed_cell<K>*>(state.cell());
    FLOW_ASSERT(cell != nullptr, "a state is of the store that is asked");
    cell->for_each_key([&](const K& key) {
      select(key, key_hash(key));
      f(key, state);
    });
    end_block();
  }

  /// Entries of all states: keys (of timers, timers), not what lies in lists
  /// and maps.
  [[nodiscard]] std::size_t entry_count() const {
    std::size_t total = 0;
    for (const auto& cell : cells_)
      total += cell->entries();
    return total;
  }

  /// Memory of the tables, and of the chunks of lists and maps; not what keys
  /// and values hold elsewhere.
  [[nodiscard]] std::size_t bytes() const {
    std::size_t total = 0;
    for (const auto& cell : cells_)
      total += cell->bytes();
    return total;
  }

  [[nodiscard]] key_group_range groups() const noexcept { return groups_; }

  /// All entries and timers as they are now. Cost: one reference per segment of
  /// the tables (about a microsecond per 1,000 to 10,000 entries).
  [[nodiscard]] keyed_state_snapshot snapshot();

  /// Takes the entries of the own key groups from what write_keyed_state()
  /// wrote; called once per old subtask, after the states have been
  /// registered. Damaged bytes are corrupt_data and name state and offset;
  /// another type, hash or max parallelism is incompatible and names both.
  /// After an error the store holds a part and must not be used.
  expected<restored_keyed_state> restore(std::span<const std::byte> bytes);

private:
  using kind = state_format::state_kind;

  template <class V, class Descriptor, class N>
  expected<value_state<V>> folded(kind what, const Descriptor& wanted,
                                  V default_value, const state_scope<N>* in);

  template <class T, class Descriptor, class N>
  expected<list_state<T>> in_lists(const Descriptor& wanted,
                                   const state_scope<N>* in) {
    return in_parts<list_state<T>, detail::chunk_list<T>,
                    detail::chunk_list<detail::timed<T>>>(
      state_format::state_kind::list, wanted, in);
  }

  template <class Handle, class Plain, class Timed, class Descriptor, class N>
  expected<Handle> in_parts(kind what, const Descriptor& wanted,
                            const state_scope<N>* in) {
    if constexpr (detail::may_expire<Descriptor>) {
      if (auto checked = check_ttl(wanted); !checked)
        return checked.error();
      if (wanted.ttl)
        return find_or_make<detail::scoped_cell<K, N, Timed, false>>(
          what, wanted, detail::state_rows<Timed>::schema(),
          [](auto& cell) {
            return Handle{cell, cell.ttl()};
          },
          Timed{}, in);
    }
    return untimed<Plain>(
      what, wanted, [](auto& cell) { return Handle{cell}; }, Plain{}, in);
  }

  template <class V, class Descriptor, class MakeHandle, class N>
  auto untimed(kind what, const Descriptor& wanted, MakeHandle make_handle,
               V default_value, const state_scope<N>* in) {
    using cell_type = std::conditional_t<std::is_same_v<N, no_namespace>,
                                         detail::keyed_value_cell<K, V>,
                                         detail::scoped_cell<K, N, V, false>>;
    return find_or_make<cell_type>(what, wanted,
                                   detail::state_rows<V>::schema(), make_handle,
                                   std::move(default_value), in);
  }

  template <class Descriptor>
  expected<void> check_ttl(const Descriptor& wanted) const {
    if (!wanted.ttl)
      return {};
    if (time_ == nullptr)
      return error{error_code::invalid_argument,
                   "the state \"" + wanted.name
                     + "\" has a time to live, and here is no clock"};
    if (wanted.ttl->time_to_live <= duration_ms::zero())
      return error{error_code::invalid_argument,
                   "the state \"" + wanted.name
                     + "\" needs a time to live above 0"};
    return {};
  }

  template <class Descriptor>
  [[nodiscard]] detail::ttl_policy policy_of(const Descriptor& wanted) const {
    if constexpr (detail::may_expire<Descriptor>)
      return {wanted.ttl.value_or(state_ttl{}), time_};
    else
      return {{}, time_};
  }

  template <class Cell, class Descriptor, class MakeHandle, class V, class N>
  auto find_or_make(kind what, const Descriptor& wanted, std::string schema,
                    MakeHandle make_handle, V default_value,
                    const state_scope<N>* in)
    -> expected<decltype(make_handle(std::declval<Cell&>()))> {
    if (wanted.version != 0)
      schema += "@" + std::to_string(wanted.version);
    for (const auto& known : cells_) {
      if (known->header().name != wanted.name)
        continue;
      auto* same = dynamic_cast<Cell*>(known.get());
      if (same != nullptr && known->header().kind == what
          && known->header().schema == schema)
        return make_handle(*same);
      return error{error_code::invalid_argument,
                   "the state \"" + wanted.name + "\" holds "
                     + known->header().schema + "; it cannot also hold "
                     + schema};
    }
    detail::state_header described{what, wanted.name, std::move(schema),
                                   detail::scoping<K, N>::namespace_schema()};
    std::unique_ptr<Cell> made;
    if constexpr (std::is_constructible_v<Cell, decltype(block_)&,
                                          detail::state_header, V,
                                          const detail::table_place&>)
      made = std::make_unique<Cell>(block_, std::move(described),
                                    std::move(default_value), place_);
    else
      made = std::make_unique<Cell>(
        block_, in != nullptr ? *in : scope<N>(), std::move(described),
        std::move(default_value), policy_of(wanted), place_);
    auto handle = make_handle(*made);
    if constexpr (detail::may_expire<Descriptor>)
      if (wanted.ttl)
        expiring_.push_back(made.get());
    cells_.push_back(std::move(made));
    return handle;
  }

  template <class N>
  timer_queue<K, N>* timer_cell(kind what, const std::string& name) {
    for (const auto& known : cells_)
      if (known->header().name == name)
        return dynamic_cast<timer_queue<K, N>*>(known.get());
    auto made = std::make_unique<timer_queue<K, N>>(
      detail::state_header{what, name, "i64",
                           detail::scoping<K, N>::namespace_schema()},
      place_);
    auto* result = made.get();
    cells_.push_back(std::move(made));
    return result;
  }

  [[nodiscard]] detail::keyed_header header() const {
    return {state_format::version,  std::string{hash_id},
            place_.max_parallelism, groups_,
            codec<K>::schema(),     static_cast<std::uint32_t>(cells_.size())};
  }

  void set_block(std::span<const K* const> keys,
                 std::span<const std::uint64_t> hashes) noexcept {
    block_.keys = keys;
    block_.hashes = hashes;
    block_.cursor.index = detail::block_cursor::no_key;
  }

  key_group_range groups_;
  detail::table_place place_;
  const clock* time_;
  detail::keyed_block<K> block_;
  std::vector<std::unique_ptr<detail::state_scope_base>> scopes_;
  std::vector<std::unique_ptr<detail::keyed_cell<K>>> cells_;
  std::vector<detail::keyed_cell<K>*> expiring_; ///< those with a time to live
  const K* single_key_ = nullptr;
  std::uint64_t single_hash_ = 0;
  std::uint32_t singles_ = 0;
};

// Not inline: a job takes those of common types from the library.

template <class K>
keyed_state_snapshot keyed_state_store<K>::snapshot() {
  std::vector<std::unique_ptr<detail::keyed_snapshot_part>> parts;
  for (const auto& cell : cells_)
    parts.push_back(cell->snapshot());
  return {header(), std::move(parts)};
}

template <class K>
expected<restored_keyed_state>
keyed_state_store<K>::restore(std::span<const std::byte> bytes) {
  std::vector<detail::keyed_restore_target*> targets;
  for (const auto& cell : cells_)
    targets.push_back(cell.get());
  return detail::read_keyed_state(bytes, header(), targets);
}

template <class K>
template <class V, class Descriptor, class N>
expected<value_state<V>>
keyed_state_store<K>::folded(kind what, const Descriptor& wanted,
                             V default_value, const state_scope<N>* in) {
  const auto make_handle = [](auto& cell) { return value_state<V>{cell}; };
  if constexpr (detail::may_expire<Descriptor>) {
    if (auto checked = check_ttl(wanted); !checked)
      return checked.error();
    if (wanted.ttl)
      return find_or_make<detail::scoped_cell<K, N, V, true>>(
        what, wanted, "timed<" + codec<V>::schema() + ">", make_handle,
        std::move(default_value), in);
  }
  return untimed<V>(what, wanted, make_handle, std::move(default_value), in);
}

} // namespace flow
