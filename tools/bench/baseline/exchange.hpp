#pragma once

#include <memory>
#include <thread>

#include "tools/bench/baseline/carried.hpp"
#include "tools/bench/baseline/spsc_ring.hpp"
#include "tools/bench/pace.hpp"

namespace flow::bench {

/// As many threads as tapes, each source and sink i in one, joined by rings
/// from each to each.
template <class Record, class Sink, class Tape = tape<Record>>
class ring_exchange {
public:
  ring_exchange(const std::vector<Tape>& tapes, std::vector<Sink>& sinks,
                pace* kept = nullptr)
    : tapes_(tapes), sinks_(sinks), threads_(tapes.size()), pace_(kept) {
    for (std::size_t i = 0; i < threads_ * threads_; ++i)
      rings_.push_back(std::make_unique<ring>(std::size_t{4096}));
  }

  void run() {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < threads_; ++i)
      threads.emplace_back([this, i] { work(i); });
  }

private:
  using ring = spsc_ring<carried<Record>>;
  static constexpr std::uint64_t chunk = 1024;
  ring& from_to(std::size_t from, std::size_t to) {
    return *rings_[from * threads_ + to];
  }

  void work(std::size_t self) {
    for (std::uint64_t at = 0; at < tapes_[self].length(); at += chunk) {
      if (pace_ != nullptr)
        pace_->keep(self, at, [&] { return consume(self); });
      produce(self, at, std::min(at + chunk, tapes_[self].length()));
      consume(self);
    }
    for (std::size_t to = 0; to < threads_; ++to)
      from_to(self, to).close();
    for (std::size_t from = 0; from < threads_; ++from)
      while (!from_to(from, self).ended())
        if (!consume(self))
          std::this_thread::yield();
    sinks_[self].finish();
  }

  void produce(std::size_t self, std::uint64_t first, std::uint64_t last) {
    tapes_[self].read(first, last, [&](const Record& value, timestamp time) {
      const std::uint64_t hash = key_hash(value.key);
      ring& to = from_to(self, owner_of(hash, threads_));
      while (!to.push({value, time, hash})) {
        to.publish();
        if (!consume(self))
          std::this_thread::yield();
      }
    });
    for (std::size_t to = 0; to < threads_; ++to)
      from_to(self, to).publish();
  }
  bool consume(std::size_t self) {
    std::size_t count = 0;
    for (std::size_t from = 0; from < threads_; ++from)
      count += from_to(from, self).drain(from, sinks_[self]);
    return count > 0;
  }

  const std::vector<Tape>& tapes_;
  std::vector<Sink>& sinks_;
  std::size_t threads_;
  pace* pace_;                               // of the threads, or none
  std::vector<std::unique_ptr<ring>> rings_; // [from * threads_ + to]
};

} // namespace flow::bench
