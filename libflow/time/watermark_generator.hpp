#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include "libflow/core/assert.hpp"
#include "libflow/core/timestamp.hpp"

namespace flow {

/// What of a generator a snapshot keeps, so that after a restore its
/// watermarks go on where they were.
struct generator_state {
  timestamp max_seen = min_timestamp;     ///< highest timestamp of a record
  timestamp last_emitted = min_timestamp; ///< watermark put out last

  friend bool operator==(const generator_state&,
                         const generator_state&) = default;
};

/// Lets through watermarks that are above all earlier ones.
class rising_watermark {
public:
  /// @return `mark` if it is above the last one returned, which it becomes
  [[nodiscard]] std::optional<timestamp>
  pass(std::optional<timestamp> mark) noexcept {
    if (!mark || *mark <= last_)
      return std::nullopt;
    last_ = *mark;
    return mark;
  }

  [[nodiscard]] timestamp last() const noexcept { return last_; }
  void restore(timestamp last) noexcept { last_ = last; }

private:
  timestamp last_ = min_timestamp;
};

/// Watermarks for records that are out of order by at most a bound: highest
/// timestamp seen - bound - 1. Nothing before the first record.
/// Owner: the operator or the split; one thread.
class bounded_out_of_orderness_generator {
public:
  /// @pre bound >= 0
  explicit bounded_out_of_orderness_generator(duration_ms bound)
    : bound_(bound.count()) {
    FLOW_ASSERT(bound_ >= 0, "the bound of disorder is not negative");
  }

  /// Records without a timestamp do not count.
  void on_batch(std::span<const timestamp> stamps) noexcept {
    timestamp highest = max_seen_;
    for (timestamp stamp : stamps)
      highest = std::max(highest, stamp);
    max_seen_ = highest;
  }

  void on_event(timestamp stamp) noexcept {
    max_seen_ = std::max(max_seen_, stamp);
  }

  /// The watermark that holds now, returned before or not.
  [[nodiscard]] timestamp current() const noexcept {
    return saturating_add(saturating_add(max_seen_, -bound_), -1);
  }

  /// @return the watermark that holds now, if above the one returned before
  [[nodiscard]] std::optional<timestamp> on_periodic() noexcept {
    return rising_.pass(current());
  }

  [[nodiscard]] generator_state snapshot() const noexcept {
    return {max_seen_, rising_.last()};
  }
  void restore(const generator_state& state) noexcept {
    max_seen_ = state.max_seen;
    rising_.restore(state.last_emitted);
  }

private:
  timestamp bound_; // ms
  timestamp max_seen_ = min_timestamp;
  rising_watermark rising_;
};

/// Watermarks for records whose timestamps never fall.
[[nodiscard]] inline bounded_out_of_orderness_generator monotonous_generator() {
  return bounded_out_of_orderness_generator{duration_ms{0}};
}

/// A generator of the job author's: sees every record, says now and then what
/// watermark holds. It may return any value; what is not above the last one
/// put out is dropped.
template <class G, class T>
concept watermark_generator = requires(G& generator, const T& record,
                                       timestamp stamp) {
  generator.on_event(record, stamp);
  { generator.on_periodic() } -> std::same_as<std::optional<timestamp>>;
};

/// A generator that may also put out a watermark right after a record.
template <class G, class T>
concept punctuated_watermark_generator = watermark_generator<G, T> && requires(
  G& generator, const T& record, timestamp stamp) {
  {
    generator.on_event(record, stamp)
    } -> std::same_as<std::optional<timestamp>>;
};

/// What a generator made of a batch: `rows` were taken, and after the last of
/// them `watermark` holds: the batch is to be cut there, and the rest fed
/// again.
struct fed_rows {
  std::size_t rows = 0;
  std::optional<timestamp> watermark;
};

/// Feeds a custom generator with batches and lets through rising watermarks.
template <class Generator>
class custom_watermarks {
public:
  explicit custom_watermarks(Generator generator)
    : generator_(std::move(generator)) {}

  /// Takes rows up to the first after which a watermark holds, else all.
  /// @pre records.size() == stamps.size()
  template <class T>
  requires watermark_generator<Generator, T>
  [[nodiscard]] fed_rows on_batch(std::span<const T> records,
                                  std::span<const timestamp> stamps) {
    const std::size_t count = records.size();
    for (std::size_t i = 0; i < count; ++i) {
      if constexpr (punctuated_watermark_generator<Generator, T>) {
        auto mark = rising_.pass(generator_.on_event(records[i], stamps[i]));
        if (mark) {
          max_seen_ = std::max(max_seen_, highest(stamps.first(i + 1)));
          return {i + 1, mark};
        }
      } else {
        generator_.on_event(records[i], stamps[i]);
      }
    }
    max_seen_ = std::max(max_seen_, highest(stamps));
    return {count, std::nullopt};
  }

  [[nodiscard]] std::optional<timestamp> on_periodic() {
    return rising_.pass(generator_.on_periodic());
  }

  [[nodiscard]] generator_state snapshot() const noexcept {
    return {max_seen_, rising_.last()};
  }

  /// Nothing at or below the watermark emitted before the snapshot is emitted
  /// again; the generator's own fields start afresh unless it takes them back
  /// in `restore(generator_state)`.
  void restore(const generator_state& state) {
    max_seen_ = state.max_seen;
    rising_.restore(state.last_emitted);
    if constexpr (requires { generator_.restore(state); })
      generator_.restore(state);
  }

private:
  static timestamp highest(std::span<const timestamp> stamps) noexcept {
    timestamp result = min_timestamp;
    for (timestamp stamp : stamps)
      result = std::max(result, stamp);
    return result;
  }

  Generator generator_;
  timestamp max_seen_ = min_timestamp;
  rising_watermark rising_;
};

} // namespace flow
