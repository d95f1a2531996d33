#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "libflow/core/assert.hpp"
#include "libflow/core/codec_fields.hpp"
#include "libflow/core/type_traits.hpp"

namespace flow {

/// A growable array for the columns of a batch. Unlike std::vector it grows
/// trivially relocatable elements by memcpy and hands out room that is filled
/// later, without writing it twice.
/// @owns its elements. @thread the owner's only.
template <class T>
class column {
public:
  column() = default;
  column(const column&) = delete;
  column& operator=(const column&) = delete;

  column(column&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

  column& operator=(column&& other) noexcept {
    column tmp{std::move(other)};
    swap(tmp);
    return *this;
  }

  ~column() {
    clear();
    release();
  }

  void swap(column& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] T* data() noexcept { return data_; }
  [[nodiscard]] const T* data() const noexcept { return data_; }
  T* begin() noexcept { return data_; }
  T* end() noexcept { return data_ + size_; }
  const T* begin() const noexcept { return data_; }
  const T* end() const noexcept { return data_ + size_; }
  T& operator[](std::size_t i) noexcept { return data_[i]; }
  const T& operator[](std::size_t i) const noexcept { return data_[i]; }
  T& back() noexcept { return data_[size_ - 1]; }
  operator std::span<const T>() const noexcept { return {data_, size_}; }

  void reserve(std::size_t wanted) {
    if (wanted > capacity_)
      grow(wanted);
  }

  template <class... Args>
  T& emplace_back(Args&&... args) {
    if (size_ == capacity_) [[unlikely]]
      grow(size_ + 1);
    T* slot =
      ::new (static_cast<void*>(data_ + size_)) T(std::forward<Args>(args)...);
    ++size_;
    return *slot;
  }

  /// Adds `count` elements whose bytes the caller writes before reading them.
  /// @return the first of them
  T* append_uninitialized(
    std::size_t count) requires std::is_trivially_copyable_v<T> {
    if (size_ + count > capacity_) [[unlikely]]
      grow(size_ + count);
    T* first = data_ + size_;
    size_ += count;
    return first;
  }

  void append(std::span<const T> values) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      if (!values.empty())
        std::memcpy(static_cast<void*>(append_uninitialized(values.size())),
                    values.data(), values.size_bytes());
    } else {
      reserve(size_ + values.size());
      for (const T& value : values)
        emplace_back(value);
    }
  }

  /// Destroys the elements from `size` on.
  /// @pre size <= this->size()
  void truncate(std::size_t size) noexcept {
    if constexpr (!std::is_trivially_destructible_v<T>)
      std::destroy(data_ + size, data_ + size_);
    size_ = size;
  }

  /// Destroys all elements; keeps the memory.
  void clear() noexcept { truncate(0); }

  /// Gives memory beyond `elements` back once the column is empty.
  void shrink_if_larger(std::size_t elements) noexcept {
    if (size_ == 0 && capacity_ > elements) {
      release();
      data_ = nullptr;
      capacity_ = 0;
    }
  }

private:
  using allocator = std::allocator<T>;

  void grow(std::size_t wanted) {
    const std::size_t capacity =
      wanted > 2 * capacity_ ? wanted : 2 * capacity_;
    T* data = allocator{}.allocate(capacity);
    if constexpr (is_trivially_relocatable<T>) {
      if (size_ > 0)
        std::memcpy(static_cast<void*>(data), static_cast<const void*>(data_),
                    size_ * sizeof(T));
    } else {
      std::uninitialized_move(data_, data_ + size_, data);
      std::destroy(data_, data_ + size_);
    }
    release();
    data_ = data;
    capacity_ = capacity;
  }

  void release() noexcept {
    if (data_ != nullptr)
      allocator{}.deallocate(data_, capacity_);
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

} // namespace flow
