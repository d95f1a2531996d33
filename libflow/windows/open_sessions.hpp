#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libflow/core/codec.hpp"
#include "libflow/windows/window.hpp"

namespace flow {

/// A session that is kept, and what its records add up to.
template <class Accumulator>
struct open_session {
  time_window window;
  bool waits = false; ///< to fire when the watermark reaches its last time
  bool kept = false;  ///< by open_sessions; else its place is free
  Accumulator sum{};

  /// When something is to be done with it; max_timestamp: never.
  [[nodiscard]] timestamp due(duration_ms allowed_lateness) const noexcept {
    return waits ? window.max_timestamp()
                 : window.cleanup_time(allowed_lateness);
  }
};

/// The sessions of one key, in the order of time; no two touch. Nearly always
/// one, which stands in the table's entry itself; more are behind a pointer, so
/// that an entry of a plain accumulator is one line of the processor's cache.
/// Owner: a value of a keyed state. Copies may be read on another thread.
template <class Accumulator>
class open_sessions {
public:
  using session = open_session<Accumulator>;

  /// Sessions [first, last) of the list.
  struct range {
    std::size_t first = 0;
    std::size_t last = 0;
    [[nodiscard]] bool empty() const noexcept { return first == last; }
  };

  open_sessions() = default;
  open_sessions(const open_sessions& other)
    : next_look(other.next_look), first_(other.first_),
      rest_(other.rest_ ? std::make_unique<list>(*other.rest_) : nullptr) {}
  open_sessions(open_sessions&&) noexcept = default;
  open_sessions& operator=(const open_sessions& other) {
    return *this = open_sessions{other};
  }
  open_sessions& operator=(open_sessions&&) noexcept = default;
  ~open_sessions() = default;

  [[nodiscard]] std::size_t size() const noexcept {
    return first_.kept ? 1 + (rest_ ? rest_->size() : 0) : 0;
  }
  [[nodiscard]] bool empty() const noexcept { return !first_.kept; }
  [[nodiscard]] const session& at(std::size_t index) const {
    return index == 0 ? first_ : (*rest_)[index - 1];
  }
  [[nodiscard]] session& at(std::size_t index) {
    return index == 0 ? first_ : (*rest_)[index - 1];
  }

  /// Those that a window is one with; empty: where it would stand.
  [[nodiscard]] range touching(const time_window& window) const {
    range result;
    while (result.first < size() && at(result.first).window.end < window.start)
      ++result.first;
    result.last = result.first;
    while (result.last < size() && at(result.last).window.intersects(window))
      ++result.last;
    return result;
  }

  void insert(std::size_t index, session fresh) {
    fresh.kept = true;
    if (empty()) {
      first_ = std::move(fresh);
      return;
    }
    if (index == 0)
      std::swap(first_, fresh);
    if (!rest_)
      rest_ = std::make_unique<list>();
    rest_->insert(rest_->begin() + behind_first(index), std::move(fresh));
  }

  void erase(std::size_t index) {
    if (!rest_) {
      first_ = {};
      return;
    }
    if (index == 0)
      first_ = std::move(rest_->front());
    rest_->erase(rest_->begin() + behind_first(index));
    if (rest_->empty())
      rest_ = nullptr;
  }

  /// The earliest time at which something is to be done with one of them.
  [[nodiscard]] timestamp due(duration_ms allowed_lateness) const {
    timestamp result = max_timestamp;
    for (std::size_t i = 0; i < size(); ++i)
      result = std::min(result, at(i).due(allowed_lateness));
    return result;
  }

  /// When the operator looks at the key next; not part of a snapshot.
  timestamp next_look = max_timestamp;

private:
  using list = std::vector<session>;

  /// Where a session is in `rest_`, or the one that the first makes room for.
  static std::ptrdiff_t behind_first(std::size_t index) noexcept {
    return index == 0 ? 0 : static_cast<std::ptrdiff_t>(index) - 1;
  }

  session first_;
  std::unique_ptr<list> rest_; // none, or not empty
};

template <class Accumulator>
struct codec<open_sessions<Accumulator>> {
  using list = open_sessions<Accumulator>;

  static void encode(const list& of, byte_writer& out) {
    out.write_int(static_cast<std::uint32_t>(of.size()));
    for (std::size_t i = 0; i < of.size(); ++i) {
      const auto& each = of.at(i);
      out.write_int(each.window.start);
      out.write_int(each.window.end);
      out.write_int(static_cast<std::uint8_t>(each.waits));
      codec<Accumulator>::encode(each.sum, out);
    }
  }

  [[nodiscard]] static bool decode(byte_reader& in, list& to) noexcept {
    std::uint32_t count = 0;
    if (!in.read_int(count))
      return false;
    to = {};
    for (std::uint32_t i = 0; i < count; ++i) {
      typename list::session each;
      std::uint8_t waits = 0;
      if (!in.read_int(each.window.start) || !in.read_int(each.window.end)
          || !in.read_int(waits) || waits > 1
          || !codec<Accumulator>::decode(in, each.sum)
          || each.window.end <= each.window.start
          || (i > 0 && each.window.start <= to.at(i - 1).window.end))
        return false;
      each.waits = waits == 1;
      to.insert(i, std::move(each));
    }
    return true;
  }

  [[nodiscard]] static std::string schema() {
    return "sessions<" + codec<Accumulator>::schema() + ">";
  }
};

} // namespace flow
