#pragma once

#include "libflow/state/segmented_table.hpp"
#include "tools/bench/baseline/exchange.hpp"

namespace flow::bench {

/// One thread's keys and their counts: the engine's table, without prefetch.
template <class Record, class Digest>
class count_sink {
public:
  count_sink(std::size_t self, std::size_t threads, Digest digest)
    : table_(
      std::make_unique<table>(std::make_shared<segment_pool>(),
                              hashes_of({static_cast<std::uint32_t>(self),
                                         static_cast<std::uint32_t>(self)},
                                        static_cast<std::uint32_t>(threads)))),
      digest_(digest) {}

  void take(std::size_t, const carried<Record>& entry) {
    const std::uint64_t count = ++table_->upsert(entry.hash, entry.value.key);
    result_ += {1, digest_(Record{entry.value.key, count}, entry.time)};
  }

  void finish() {}

  [[nodiscard]] const checksum& result() const { return result_; }

private:
  using table = segmented_table<std::uint64_t, std::uint64_t>;

  std::unique_ptr<table> table_;
  Digest digest_;
  checksum result_;
};

} // namespace flow::bench
