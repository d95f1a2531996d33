#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "libflow/core/arena.hpp"
#include "libflow/core/column.hpp"

namespace flow::detail {

/// Bytes of elements in one chunk of a list or map: what a first write after a
/// snapshot copies.
inline constexpr std::size_t chunk_bytes = 4096;

/// Elements that lie together and are shared by a table and its snapshots.
template <class E>
struct chunk {
  /// At least so many that a full one can be split in two.
  static constexpr std::size_t capacity =
    std::max<std::size_t>(chunk_bytes / sizeof(E), 4);

  std::atomic<std::uint32_t> references{1};
  column<E> items;
};

/// One reference to a chunk; null when empty. Copies share.
/// @thread each handle one at a time; handles of one chunk on any threads: the
///         one that finds itself alone may write
template <class E>
class chunk_ptr {
public:
  chunk_ptr() = default;
  chunk_ptr(const chunk_ptr& other) noexcept : chunk_(other.chunk_) {
    if (chunk_ != nullptr)
      chunk_->references.fetch_add(1, std::memory_order_relaxed);
  }
  chunk_ptr(chunk_ptr&& other) noexcept
    : chunk_(std::exchange(other.chunk_, nullptr)) {}
  chunk_ptr& operator=(chunk_ptr other) noexcept {
    std::swap(chunk_, other.chunk_);
    return *this;
  }
  ~chunk_ptr() {
    if (chunk_ != nullptr
        && chunk_->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete chunk_;
  }

  [[nodiscard]] static chunk_ptr make() {
    chunk_ptr result;
    result.chunk_ = new chunk<E>;
    return result;
  }

  explicit operator bool() const noexcept { return chunk_ != nullptr; }
  [[nodiscard]] const column<E>& read() const noexcept { return chunk_->items; }

  /// The elements to be changed: no snapshot's any more.
  [[nodiscard]] column<E>& write() {
    if (chunk_->references.load(std::memory_order_acquire) != 1) [[unlikely]] {
      const arena_scope owning{nullptr};
      chunk_ptr copy = make();
      copy.chunk_->items.append(std::as_const(chunk_->items));
      *this = std::move(copy);
    }
    return chunk_->items;
  }

private:
  chunk<E>* chunk_ = nullptr;
};

/// A sequence of chunks, none of them empty. The first stands by itself: most
/// keys have no second.
/// Owner: a value of a table; copies share the chunks.
template <class E>
class chunk_row {
public:
  chunk_row() = default;
  chunk_row(const chunk_row& other)
    : first_(other.first_),
      rest_(other.rest_ ? std::make_unique<chunks>(*other.rest_) : nullptr),
      element_bytes_(other.element_bytes_) {}
  chunk_row(chunk_row&&) noexcept = default;
  chunk_row& operator=(chunk_row other) noexcept {
    std::swap(first_, other.first_);
    std::swap(rest_, other.rest_);
    std::swap(element_bytes_, other.element_bytes_);
    return *this;
  }
  ~chunk_row() = default;

  [[nodiscard]] std::size_t count() const noexcept {
    return (first_ ? 1 : 0) + (rest_ ? rest_->size() : 0);
  }
  [[nodiscard]] bool empty() const noexcept { return !first_; }

  [[nodiscard]] const column<E>& read(std::size_t index) const noexcept {
    return at(index).read();
  }

  /// Access to a chunk that is written to. Owner: one expression.
  class writing {
  public:
    writing(const writing&) = delete;
    writing& operator=(const writing&) = delete;
    ~writing() {
      row_->element_bytes_ += items_->capacity() * sizeof(E) - before_;
    }

    column<E>& operator*() const noexcept { return *items_; }
    column<E>* operator->() const noexcept { return items_; }

  private:
    friend chunk_row;
    writing(chunk_row& row, chunk_ptr<E>& chunk)
      : row_(&row), before_(chunk.read().capacity() * sizeof(E)),
        items_(&chunk.write()) {}

    chunk_row* row_;
    std::size_t before_; // bytes of the chunk's elements
    column<E>* items_;
  };

  [[nodiscard]] writing write(std::size_t index) {
    return {*this, const_cast<chunk_ptr<E>&>(at(index))};
  }

  /// Puts a new chunk, to be filled at once, at a place.
  writing insert(std::size_t index) {
    auto made = chunk_ptr<E>::make();
    if (index == 0)
      std::swap(first_, made);
    if (made) {
      if (!rest_)
        rest_ = std::make_unique<chunks>();
      const std::size_t place = index == 0 ? 0 : index - 1;
      rest_->insert(rest_->begin() + static_cast<std::ptrdiff_t>(place),
                    std::move(made));
    }
    return write(index);
  }

  /// Drops `count` chunks from `index` on.
  void erase(std::size_t index, std::size_t count) {
    if (count == 0)
      return;
    for (std::size_t i = index; i < index + count; ++i)
      element_bytes_ -= read(i).capacity() * sizeof(E);
    if (index > 0 && rest_) {
      const auto from = rest_->begin() + static_cast<std::ptrdiff_t>(index - 1);
      rest_->erase(from, from + static_cast<std::ptrdiff_t>(count));
      return;
    }
    first_ = {};
    if (!rest_)
      return;
    const auto begin = rest_->begin();
    if (count - 1 < rest_->size()) {
      first_ = std::move((*rest_)[count - 1]);
      rest_->erase(begin, begin + static_cast<std::ptrdiff_t>(count));
    } else {
      rest_ = nullptr;
    }
  }

  /// Memory of the chunks and their elements, not what these hold elsewhere.
  /// Cost: O(1).
  [[nodiscard]] std::size_t bytes() const noexcept {
    return element_bytes_ + count() * sizeof(chunk<E>)
           + (rest_ ? rest_->capacity() * sizeof(chunk_ptr<E>) : 0);
  }

private:
  using chunks = std::vector<chunk_ptr<E>>;

  [[nodiscard]] const chunk_ptr<E>& at(std::size_t index) const noexcept {
    return index == 0 ? first_ : (*rest_)[index - 1];
  }

  chunk_ptr<E> first_;
  std::unique_ptr<chunks> rest_;
  std::size_t element_bytes_ = 0; // capacity of all chunks
};

/// Values that hold chunks: lists and maps.
template <class T>
concept holds_chunks = requires(const T& value) {
  value.chunks();
  value.bytes();
};

/// What a value holds in chunks; other values: nothing.
template <class T>
[[nodiscard]] std::size_t bytes_in_chunks(const T& value) noexcept {
  if constexpr (holds_chunks<T>)
    return value.bytes();
  else
    return 0;
}

} // namespace flow::detail

namespace flow {

template <class E>
inline constexpr bool is_trivially_relocatable<detail::chunk_row<E>> = true;

} // namespace flow
