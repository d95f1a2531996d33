#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "libflow/core/arena.hpp"
#include "libflow/core/codec.hpp"
#include "libflow/core/timestamp.hpp"
#include "libflow/state/chunk_map.hpp"

namespace flow {

/// Where a record stands in a buffer: by time, those of one time in the order
/// of arrival.
struct join_position {
  timestamp time = 0;
  std::uint32_t number = 0;

  friend auto operator<=>(const join_position&, const join_position&) = default;

  static constexpr std::uint32_t last_number = ~std::uint32_t{0};
};

/// The records of one side of one key that may still have a partner. The first
/// stands in the table's entry itself: often there is no other.
/// Owner: a value of a keyed state. Copies may be read on another thread.
template <class T>
class join_buffer {
public:
  [[nodiscard]] bool empty() const noexcept { return !has_first_; }
  [[nodiscard]] std::size_t size() const noexcept {
    return has_first_ ? 1 + rest_.size() : 0;
  }

  /// The time of the first record.
  [[nodiscard]] std::optional<timestamp> first_time() const noexcept {
    return has_first_ ? std::optional{at_.time} : std::nullopt;
  }

  /// Behind those of the same time.
  void add(timestamp time, const T& value) {
    const join_position* before =
      rest_.floor({time, join_position::last_number});
    if (before == nullptr && has_first_ && at_.time <= time)
      before = &at_;
    put({time,
         before != nullptr && before->time == time ? before->number + 1 : 0},
        value);
  }

  void put(const join_position& at, const T& value) {
    const arena_scope owning{nullptr};
    bool inserted = false;
    if (has_first_ && at_ < at) {
      rest_.upsert(at, inserted) = value;
      return;
    }
    if (has_first_)
      rest_.upsert(at_, inserted) = std::move(first_);
    has_first_ = true;
    at_ = at;
    first_ = value;
  }

  /// Calls f(position, record) for those in [first, last], until f returns
  /// false.
  template <class F>
  void for_each_in(const join_position& first, const join_position& last,
                   F&& f) const {
    if (has_first_ && at_ >= first && at_ <= last && !f(at_, first_))
      return;
    rest_.for_each_in(first, last, f);
  }

  template <class F>
  void for_each(F&& f) const {
    if (has_first_)
      f(at_, first_);
    rest_.for_each(f);
  }

  /// Drops the records in front for whose times f(timestamp) holds.
  template <class F>
  void drop_while(F&& f) {
    if (!has_first_ || !f(at_.time))
      return;
    rest_.erase_while([&](const join_position& at) { return f(at.time); });
    has_first_ = false;
    first_ = {};
    const join_position* next = rest_.first_key();
    if (next == nullptr)
      return;
    const arena_scope owning{nullptr};
    has_first_ = true;
    at_ = *next;
    first_ = *rest_.find(at_);
    rest_.erase(at_);
  }

private:
  join_position at_;
  bool has_first_ = false;
  T first_{};
  detail::chunk_map<join_position, T> rest_;
};

template <class T>
struct codec<join_buffer<T>> {
  static void encode(const join_buffer<T>& of, byte_writer& out) {
    out.write_int(static_cast<std::uint64_t>(of.size()));
    of.for_each([&](const join_position& at, const T& value) {
      out.write_int(at.time);
      out.write_int(at.number);
      codec<T>::encode(value, out);
    });
  }

  [[nodiscard]] static bool decode(byte_reader& in,
                                   join_buffer<T>& to) noexcept {
    std::uint64_t count = 0;
    if (!in.read_int(count))
      return false;
    to = {};
    join_position last;
    for (std::uint64_t i = 0; i < count; ++i) {
      join_position at;
      T value{};
      if (!in.read_int(at.time) || !in.read_int(at.number)
          || !codec<T>::decode(in, value) || (i > 0 && at <= last))
        return false;
      to.put(at, value);
      last = at;
    }
    return true;
  }

  [[nodiscard]] static std::string schema() {
    return "join-buffer<" + codec<T>::schema() + ">";
  }
};

} // namespace flow
