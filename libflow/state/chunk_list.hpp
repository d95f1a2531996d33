#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "libflow/core/arena.hpp"
#include "libflow/core/bytes.hpp"
#include "libflow/core/codec.hpp"
#include "libflow/state/chunk.hpp"
#include "libflow/state/state_rows.hpp"

namespace flow::detail {

/// The elements of a list state under one key, in chunks of at most 4 KiB: a
/// snapshot shares them, and a write copies one.
/// Owner: a value of a table. Elements own their bytes.
/// @thread as for any value; copies may be read on another thread
template <class E>
class chunk_list {
public:
  using element = E;

  void add(E value) {
    const arena_scope owning{nullptr};
    const std::size_t chunks = row_.count();
    if (chunks > 0 && row_.read(chunks - 1).size() < chunk<E>::capacity)
      row_.write(chunks - 1)->emplace_back(std::move(value));
    else
      row_.insert(chunks)->emplace_back(std::move(value));
    ++size_;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// Calls f(const E&) in the order of adding.
  template <class F>
  void for_each(F&& f) const {
    for (std::size_t i = 0; i < row_.count(); ++i)
      for (const E& each : row_.read(i))
        f(each);
  }

  /// Calls f(E&) for every element, which makes all chunks this list's own.
  template <class F>
  void change_each(F&& f) {
    const arena_scope owning{nullptr};
    for (std::size_t i = 0; i < row_.count(); ++i)
      for (E& each : *row_.write(i))
        f(each);
  }

  /// Drops the elements for which f(const E&) holds, looking at chunks
  /// [first, last) only.
  template <class F>
  void erase_if(F&& f, std::size_t first, std::size_t last) {
    for (std::size_t i = std::min(last, row_.count()); i-- > first;)
      erase_in_chunk(i, f);
  }
  template <class F>
  void erase_if(F&& f) {
    erase_if(std::forward<F>(f), 0, row_.count());
  }

  void clear() noexcept {
    row_ = {};
    size_ = 0;
  }

  [[nodiscard]] std::size_t bytes() const noexcept { return row_.bytes(); }

  // -- rows of a snapshot: one per chunk --------------------------------------

  [[nodiscard]] std::size_t chunks() const noexcept { return row_.count(); }
  [[nodiscard]] const column<E>& chunk_at(std::size_t index) const {
    return row_.read(index);
  }

  void encode_chunk(std::size_t index, byte_writer& out) const {
    const auto& items = row_.read(index);
    out.write_int(static_cast<std::uint32_t>(index));
    out.write_length(items.size());
    for (const E& each : items)
      codec<E>::encode(each, out);
  }

  /// Appends a chunk; they come in order.
  [[nodiscard]] bool decode_chunk(byte_reader& in) {
    const arena_scope owning{nullptr};
    std::uint32_t index = 0;
    std::size_t count = 0;
    if (!in.read_int(index) || index != row_.count()
        || !in.read_length(count, 1) || count == 0
        || count > chunk<E>::capacity)
      return in.fail();
    const auto items = row_.insert(index);
    items->reserve(count);
    for (std::size_t i = 0; i < count; ++i)
      if (!codec<E>::decode(in, items->emplace_back()))
        return false;
    size_ += count;
    return true;
  }

private:
  template <class F>
  void erase_in_chunk(std::size_t index, F& f) {
    const auto& old = row_.read(index);
    std::size_t dropped = 0;
    for (const E& each : old)
      dropped += f(each) ? 1 : 0;
    if (dropped == 0)
      return;
    size_ -= dropped;
    if (dropped == old.size()) {
      row_.erase(index, 1);
      return;
    }
    const arena_scope owning{nullptr};
    column<E> kept;
    kept.reserve(old.size() - dropped);
    for (const E& each : old)
      if (!f(each))
        kept.emplace_back(each);
    *row_.write(index) = std::move(kept);
  }

  chunk_row<E> row_;
  std::size_t size_ = 0;
};

/// A list is one row a chunk, so that no block of a snapshot grows with it.
template <class E>
struct state_rows<chunk_list<E>> {
  static constexpr bool one_each = false;
  using position = std::size_t;

  [[nodiscard]] static std::size_t count(const chunk_list<E>& value) {
    return value.chunks();
  }
  static void encode_next(const chunk_list<E>& value, position& next,
                          byte_writer& out) {
    value.encode_chunk(next++, out);
  }
  [[nodiscard]] static bool decode(byte_reader& in, chunk_list<E>& value,
                                   bool /*fresh*/) {
    return value.decode_chunk(in);
  }
  [[nodiscard]] static std::string schema() { return codec<E>::schema(); }
};

} // namespace flow::detail

namespace flow {

template <class E>
inline constexpr bool is_trivially_relocatable<detail::chunk_list<E>> = true;

} // namespace flow
