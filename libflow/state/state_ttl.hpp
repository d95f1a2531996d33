#pragma once

#include <chrono>
#include <cstdint>

#include "libflow/core/bytes.hpp"
#include "libflow/core/codec.hpp"
#include "libflow/core/timestamp.hpp"
#include "libflow/time/clock.hpp"

namespace flow {

/// How long state lives after it was last written (or read), in processing
/// time. Of a list each element and of a map each entry has a time of its own.
struct state_ttl {
  /// What makes it live on.
  enum class update : std::uint8_t {
    create_and_write,
    read_and_write,
  };
  /// What a read of state sees that is expired and still there.
  enum class visibility : std::uint8_t {
    never_return_expired,
    return_if_not_cleaned_up,
  };

  duration_ms time_to_live{0}; ///< > 0
  update refresh = update::create_and_write;
  visibility visible = visibility::never_return_expired;
};

namespace detail {

/// A state's time to live together with the clock that it is measured by.
struct ttl_policy {
  state_ttl config;
  const clock* time = nullptr;

  [[nodiscard]] timestamp now() const { return time->now(); }
  /// State written at a time is expired once the clock has reached that time
  /// plus the time to live.
  [[nodiscard]] bool expired(timestamp written, timestamp now) const noexcept {
    return saturating_add(written, config.time_to_live.count()) <= now;
  }
  /// Whether a read sees what was written at that time.
  [[nodiscard]] bool visible(timestamp written, timestamp now) const noexcept {
    return config.visible == state_ttl::visibility::return_if_not_cleaned_up
           || !expired(written, now);
  }
  [[nodiscard]] bool refreshed_by_reads() const noexcept {
    return config.refresh == state_ttl::update::read_and_write;
  }
};

/// A value and when it was last written.
template <class T>
struct timed {
  timestamp written = 0;
  T value{};
};

/// What has a time: the element of a list, or the value beside a map key.
template <class Part>
[[nodiscard]] Part& timed_of(Part& element) noexcept {
  return element;
}
template <class MK, class Part>
[[nodiscard]] Part& timed_of(const MK&, Part& value) noexcept {
  return value;
}

} // namespace detail

template <class T>
struct codec<detail::timed<T>> {
  static void encode(const detail::timed<T>& value, byte_writer& out) {
    out.write_int(value.written);
    codec<T>::encode(value.value, out);
  }
  [[nodiscard]] static bool decode(byte_reader& in,
                                   detail::timed<T>& value) noexcept {
    return in.read_int(value.written) && codec<T>::decode(in, value.value);
  }
  [[nodiscard]] static std::string schema() {
    return "timed<" + codec<T>::schema() + ">";
  }
};

} // namespace flow
