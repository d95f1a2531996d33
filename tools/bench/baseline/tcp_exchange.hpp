#pragma once

#include <thread>

#include "tools/bench/baseline/carried.hpp"
#include "tools/bench/baseline/forked.hpp"
#include "tools/bench/baseline/loopback.hpp"

namespace flow::bench {

/// A process a tape, joined by TCP connections of the loopback interface: what
/// belongs to another process is copied into a buffer and sent, as it lies in
/// memory; a thread a connection receives. `Digest` is (record, time) ->
/// number.
template <class Record, class Digest>
class tcp_exchange {
public:
  tcp_exchange(const std::vector<tape<Record>>& tapes, Digest digest)
    : tapes_(tapes), digest_(digest), count_(tapes.size()),
      ends_(count_ * count_, -1) {
    for (std::size_t a = 0; a < count_; ++a)
      for (std::size_t b = a + 1; b < count_; ++b)
        connect_pair(ends_[a * count_ + b], ends_[b * count_ + a]);
  }
  ~tcp_exchange() { std::for_each(ends_.begin(), ends_.end(), close); }

  checksum run() {
    return run_forked(count_, [this](std::size_t self) { return work(self); });
  }

private:
  using entry = carried<Record>;
  static constexpr std::size_t buffered = (64UL << 10) / sizeof(entry);

  checksum work(std::size_t self) {
    std::vector<checksum> parts(count_);
    std::vector<std::jthread> receivers;
    for (std::size_t from = 0; from < count_; ++from)
      if (from != self)
        receivers.emplace_back([&, from] {
          receive_all<entry>(
            ends_[self * count_ + from], 4 * buffered, [&](const entry& each) {
              parts[from] += {1, digest_(each.value, each.time)};
            });
        });
    std::vector<std::vector<entry>> out(count_);
    const auto flush = [&](std::size_t to) {
      send_all(ends_[self * count_ + to], std::as_bytes(std::span{out[to]}));
      out[to].clear();
    };
    tapes_[self].read(0, tapes_[self].length(),
                      [&](const Record& value, timestamp time) {
                        const std::uint64_t hash = key_hash(value.key);
                        const std::size_t to = owner_of(hash, count_);
                        if (to == self) {
                          parts[self] += {1, digest_(value, time)};
                          return;
                        }
                        out[to].push_back({value, time, hash});
                        if (out[to].size() == buffered)
                          flush(to);
                      });
    for (std::size_t to = 0; to < count_; ++to)
      if (to != self) {
        flush(to);
        shutdown(ends_[self * count_ + to], SHUT_WR);
      }
    receivers.clear(); // joins
    for (std::size_t from = 1; from < count_; ++from)
      parts[0] += parts[from];
    return parts[0];
  }

  const std::vector<tape<Record>>& tapes_;
  const Digest digest_;
  const std::size_t count_;
  std::vector<int> ends_; // [process * count + other]: its socket to the other
};

} // namespace flow::bench
