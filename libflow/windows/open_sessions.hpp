#pragma once

#include <cstddef>
#include <cstdint>
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
  Accumulator sum{};

  /// When something is to be done with it; max_timestamp: never.
  [[nodiscard]] timestamp due(duration_ms allowed_lateness) const noexcept {
    return waits ? window.max_timestamp()
                 : window.cleanup_time(allowed_lateness);
  }
};

/// The sessions of one key, in the order of time; no two touch. Nearly always
/// one, which stands in the table's entry itself.
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

  [[nodiscard]] std::size_t size() const noexcept {
    return has_first_ ? 1 + rest_.size() : 0;
  }
  [[nodiscard]] bool empty() const noexcept { return !has_first_; }
  [[nodiscard]] const session& at(std::size_t index) const {
    return index == 0 ? first_ : rest_[index - 1];
  }
  [[nodiscard]] session& at(std::size_t index) {
    return index == 0 ? first_ : rest_[index - 1];
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
    if (!has_first_) {
      first_ = std::move(fresh);
      has_first_ = true;
      return;
    }
    if (index == 0)
      std::swap(first_, fresh);
    const std::size_t place = index == 0 ? 0 : index - 1;
    rest_.insert(rest_.begin() + static_cast<std::ptrdiff_t>(place),
                 std::move(fresh));
  }

  void erase(std::size_t index) {
    if (index == 0 && rest_.empty()) {
      first_ = {};
      has_first_ = false;
      return;
    }
    if (index == 0)
      first_ = std::move(rest_.front());
    const std::size_t place = index == 0 ? 0 : index - 1;
    rest_.erase(rest_.begin() + static_cast<std::ptrdiff_t>(place));
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
  session first_;
  bool has_first_ = false;
  std::vector<session> rest_;
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
