#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <typeinfo>
#include <utility>
#include <vector>

#include "libflow/core/arena.hpp"
#include "libflow/core/assert.hpp"
#include "libflow/core/batch_pool.hpp"
#include "libflow/core/column.hpp"
#include "libflow/core/limits.hpp"
#include "libflow/core/timestamp.hpp"

namespace flow {

/// Records that travel together, without their type: what an exchange, a gate
/// and a mailbox see. A batch has one owner, who may change it in place. Once
/// it is sent on more than one way it is shared and constant.
///
/// Reference-counted: `batch_ptr` owns. The count is the only word that
/// threads share; everything else belongs to the actor that holds the batch.
class batch {
public:
  batch(const batch&) = delete;
  batch& operator=(const batch&) = delete;
  virtual ~batch() = default;

  /// Number of records.
  [[nodiscard]] std::size_t size() const noexcept { return stamps_.size(); }
  [[nodiscard]] bool empty() const noexcept { return stamps_.empty(); }

  /// One timestamp a record; `min_timestamp` = none.
  [[nodiscard]] std::span<const timestamp> timestamps() const noexcept {
    return stamps_;
  }

  /// One hash a record on a keyed edge (core/hash.hpp), else empty.
  [[nodiscard]] std::span<const std::uint64_t> hashes() const noexcept {
    return hashes_;
  }

  /// True when another owner exists, so that nobody may change the records.
  [[nodiscard]] bool shared() const noexcept {
    return references_.load(std::memory_order_acquire) > 1;
  }

  /// Memory of the columns and of long texts, in bytes; an estimate.
  [[nodiscard]] virtual std::size_t bytes() const noexcept = 0;

  /// Bytes of the records themselves, with their timestamps, hashes and long
  /// texts.
  [[nodiscard]] virtual std::size_t record_bytes() const noexcept = 0;

  /// Drops the records from `count` on.
  /// @pre count <= size()
  virtual void truncate(std::size_t count) noexcept = 0;

  /// Type of the records, for checks where a batch gets its type back.
  [[nodiscard]] virtual const std::type_info& record_type() const noexcept = 0;

  void add_reference() noexcept {
    references_.fetch_add(1, std::memory_order_relaxed);
  }

  void drop_reference() noexcept {
    if (references_.load(std::memory_order_acquire) == 1
        || references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      retire();
  }

protected:
  batch() = default;

  /// Called without owners: gives the batch back to its pool.
  virtual void dispose() noexcept = 0;

  std::atomic<std::uint32_t> references_{1};
  column<timestamp> stamps_;
  column<std::uint64_t> hashes_;

private:
  void retire() noexcept; // once, not wherever a reference is dropped
};

/// Owns one reference to a batch of type `B`; null when empty.
template <class B>
class basic_batch_ptr {
public:
  basic_batch_ptr() = default;
  basic_batch_ptr(std::nullptr_t) {}

  /// Takes over one reference.
  explicit basic_batch_ptr(B* adopted) noexcept : batch_(adopted) {}

  basic_batch_ptr(const basic_batch_ptr& other) noexcept
    : batch_(other.batch_) {
    if (batch_ != nullptr)
      batch_->add_reference();
  }

  basic_batch_ptr(basic_batch_ptr&& other) noexcept : batch_(other.release()) {}

  template <class Derived>
  requires(!std::is_same_v<Derived, B> && std::is_base_of_v<B, Derived>)
    basic_batch_ptr(basic_batch_ptr<Derived>&& other)
  noexcept : batch_(other.release()) {}

  basic_batch_ptr& operator=(basic_batch_ptr other) noexcept {
    std::swap(batch_, other.batch_);
    return *this;
  }

  ~basic_batch_ptr() {
    if (batch_ != nullptr)
      batch_->drop_reference();
  }

  [[nodiscard]] B* get() const noexcept { return batch_; }
  B& operator*() const noexcept { return *batch_; }
  B* operator->() const noexcept { return batch_; }
  explicit operator bool() const noexcept { return batch_ != nullptr; }

  /// Gives the reference to the caller.
  [[nodiscard]] B* release() noexcept { return std::exchange(batch_, nullptr); }

private:
  B* batch_ = nullptr;
};

using batch_ptr = basic_batch_ptr<batch>;

template <class T>
class record_batch;

template <class T>
using record_batch_ptr = basic_batch_ptr<record_batch<T>>;

/// A column of computed keys that rides with the records of a keyed edge.
struct key_column {
  virtual ~key_column() = default;
  virtual void clear() noexcept = 0;
};

template <class Key>
struct typed_key_column final : key_column {
  void clear() noexcept override { keys.clear(); }
  column<Key> keys;
};

/// Records of type T with their timestamps and, on keyed edges, key hashes.
/// Long texts of appended records live in the batch's arena.
template <class T>
class record_batch final : public batch {
public:
  /// Records at which a batch is full: about 32 KiB, at most 1024.
  static constexpr std::size_t target_records = std::clamp<std::size_t>(
    limits::batch_target_bytes / sizeof(T), 32, limits::batch_target_records);

  /// An empty batch, recycled when the pool has one.
  [[nodiscard]] static record_batch_ptr<T> make() {
    auto* recycled = static_cast<record_batch*>(pool().take());
    if (recycled == nullptr)
      recycled = new record_batch;
    return record_batch_ptr<T>{recycled};
  }

  [[nodiscard]] std::span<T> values() noexcept {
    return {values_.data(), values_.size()};
  }
  [[nodiscard]] std::span<const T> values() const noexcept {
    return {values_.data(), values_.size()};
  }
  [[nodiscard]] std::span<timestamp> mutable_timestamps() noexcept {
    return {stamps_.data(), stamps_.size()};
  }

  /// Copies `value`; its long texts go into this batch's arena.
  void append(const T& value, timestamp stamp) {
    append_value(value);
    stamps_.emplace_back(stamp);
  }

  /// Moves `value` in; texts that do not own their bytes are copied.
  void append(T&& value, timestamp stamp) {
    append_value(std::move(value));
    stamps_.emplace_back(stamp);
  }

  /// Adds a value for `fill(T&)` to write in place, without its timestamp;
  /// its texts go into this batch's arena.
  template <class Fill>
  void append_filled(Fill&& fill) {
    arena_scope scope{arena_for_copies()};
    fill(values_.emplace_back());
  }

  /// Adds `count` records whose values and timestamps the caller writes next.
  /// @return first value and first timestamp
  std::pair<T*, timestamp*> append_uninitialized(
    std::size_t count) requires std::is_trivially_copyable_v<T> {
    return {values_.append_uninitialized(count),
            stamps_.append_uninitialized(count)};
  }

  void truncate(std::size_t count) noexcept override {
    values_.truncate(count);
    stamps_.truncate(count);
    if (hashes_.size() > count)
      hashes_.truncate(count);
  }

  /// Copies records [first, last) of `from` with timestamps, without hashes.
  void append_range(const record_batch& from, std::size_t first,
                    std::size_t last) {
    arena_scope scope{arena_for_copies()};
    values_.append({from.values_.data() + first, last - first});
    stamps_.append({from.stamps_.data() + first, last - first});
  }

  void append_hash(std::uint64_t hash) { hashes_.emplace_back(hash); }
  [[nodiscard]] column<std::uint64_t>& hash_column() noexcept {
    return hashes_;
  }

  /// For who fills a batch column by column; all end up with one length.
  [[nodiscard]] column<timestamp>& stamp_column() noexcept { return stamps_; }
  [[nodiscard]] column<T>& value_column() noexcept { return values_; }

  /// The column of computed keys, made on first use.
  template <class Key>
  [[nodiscard]] column<Key>& keys() {
    if (!keys_)
      keys_ = std::make_unique<typed_key_column<Key>>();
    return static_cast<typed_key_column<Key>&>(*keys_).keys;
  }

  /// The column of computed keys; null without one.
  template <class Key>
  [[nodiscard]] const column<Key>* find_keys() const noexcept {
    return keys_ ? &static_cast<const typed_key_column<Key>&>(*keys_).keys
                 : nullptr;
  }

  /// Keeps the records for which keep(value, index) holds, in order.
  template <class Keep>
  void keep_if(Keep&& keep) {
    FLOW_ASSERT(!shared(), "a shared batch is constant");
    hashes_.clear();
    if (keys_)
      keys_->clear();
    std::size_t kept = 0;
    const std::size_t count = values_.size();
    if constexpr (std::is_trivially_copyable_v<T>) {
      // Stores without a branch: the next record overwrites a dropped one.
      for (std::size_t i = 0; i < count; ++i) {
        const bool keeps = keep(std::as_const(values_[i]), i);
        values_[kept] = values_[i];
        stamps_[kept] = stamps_[i];
        kept += keeps ? 1U : 0U;
      }
    } else {
      for (std::size_t i = 0; i < count; ++i) {
        if (!keep(std::as_const(values_[i]), i))
          continue;
        if (kept != i) {
          relocate_within(i, kept);
          stamps_[kept] = stamps_[i];
        }
        ++kept;
      }
    }
    values_.truncate(kept);
    stamps_.truncate(kept);
  }

  /// Drops the records, keeps the memory for the next ones.
  void clear() noexcept {
    values_.clear();
    stamps_.clear();
    hashes_.clear();
    if (keys_)
      keys_->clear();
    arena_.clear();
  }

  [[nodiscard]] bool at_target() const noexcept {
    return values_.size() >= target_records
           || arena_.bytes() >= limits::batch_target_bytes;
  }

  [[nodiscard]] std::size_t bytes() const noexcept override {
    return values_.capacity() * sizeof(T)
           + (stamps_.capacity() + hashes_.capacity()) * sizeof(timestamp)
           + arena_.bytes();
  }

  [[nodiscard]] std::size_t record_bytes() const noexcept override {
    return values_.size() * sizeof(T)
           + (stamps_.size() + hashes_.size()) * sizeof(timestamp)
           + arena_.bytes();
  }

  [[nodiscard]] const std::type_info& record_type() const noexcept override {
    return typeid(T);
  }

  /// Where engine code lets copies of texts go while it fills this batch;
  /// null for records that hold no text.
  [[nodiscard]] arena* arena_for_copies() noexcept {
    return std::is_trivially_copyable_v<T> ? nullptr : &arena_;
  }

private:
  record_batch() {
    values_.reserve(target_records);
    stamps_.reserve(target_records);
  }

  template <class V>
  void append_value(V&& value) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      values_.emplace_back(value);
    } else {
      arena_scope scope{&arena_};
      values_.emplace_back(std::forward<V>(value));
    }
  }

  void relocate_within(std::size_t from, std::size_t to) {
    if constexpr (is_trivially_relocatable<T>) {
      // Swapping bytes keeps every record's ownership intact, borrowed texts
      // included: they stay within the batch that holds their arena.
      std::array<std::byte, sizeof(T)> tmp;
      std::memcpy(tmp.data(), static_cast<void*>(&values_[to]), sizeof(T));
      std::memcpy(static_cast<void*>(&values_[to]),
                  static_cast<void*>(&values_[from]), sizeof(T));
      std::memcpy(static_cast<void*>(&values_[from]), tmp.data(), sizeof(T));
    } else {
      arena_scope scope{&arena_};
      values_[to] = std::move(values_[from]);
    }
  }

  void dispose() noexcept override {
    clear();
    references_.store(1, std::memory_order_relaxed);
    // Grown beyond the usual size: let it go rather than hoard.
    if (values_.capacity() > 2 * target_records || !pool().give(*this))
      delete this;
  }

  static batch_pool& pool() {
    static batch_pool instance;
    return instance;
  }

  column<T> values_;
  std::unique_ptr<key_column> keys_;
  arena arena_;
};

/// Gives a batch its type back.
/// @pre the batch holds records of type T
template <class T>
record_batch_ptr<T> typed(batch_ptr&& erased) {
  FLOW_ASSERT(erased->record_type() == typeid(T),
              "a batch of another record type reached this operator");
  return record_batch_ptr<T>{static_cast<record_batch<T>*>(erased.release())};
}

/// A batch that the caller may change: `batch` itself, or a copy when shared.
template <class T>
record_batch_ptr<T> make_exclusive(record_batch_ptr<T> batch) {
  if (!batch->shared())
    return batch;
  auto copy = record_batch<T>::make();
  copy->append_range(*batch, 0, batch->size());
  return copy;
}

} // namespace flow
