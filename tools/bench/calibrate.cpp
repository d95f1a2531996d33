#include <cstring>

#include "libflow/state/segmented_table.hpp"
#include "tools/bench/pairs.hpp"

namespace flow::bench {

namespace {

/// Absolute figures of this machine, to set those of other benches beside.
class calibration {
public:
  explicit calibration(const settings& wanted) : wanted_(wanted) {
    random_numbers random{1};
    keys_.resize(std::min<std::uint64_t>(wanted.records, 4'000'000));
    for (auto& key : keys_)
      key = (random.next() >> 32) * wanted.keys >> 32;
    for (std::uint64_t key = 0; key < wanted.keys; ++key)
      table_.upsert(key_hash(key), key) = 0;
  }

  /// CPU of one update of one of the keys, in nanoseconds.
  [[nodiscard]] double keyed_update() {
    return cpu_per_record(wanted_.records, [this] {
      for (std::uint64_t done = 0; done < wanted_.records;) {
        const std::uint64_t count =
          std::min<std::uint64_t>(keys_.size(), wanted_.records - done);
        for (std::uint64_t i = 0; i < count; ++i)
          ++table_.upsert(key_hash(keys_[i]), keys_[i]);
        done += count;
      }
    });
  }

  /// Every update has to be found in the table.
  [[nodiscard]] bool complete() const {
    std::uint64_t sum = 0;
    table_.for_each([&](std::uint64_t, std::uint64_t count) { sum += count; });
    return sum == 3 * wanted_.records; // cpu_per_record() runs three times
  }

  /// CPU of copying one record of 64 bytes from memory to memory.
  [[nodiscard]] double copy() const {
    constexpr std::size_t records = std::size_t{1} << 20;
    const std::vector<record<64>> from(records);
    std::vector<record<64>> to(records);
    return cpu_per_record(records * rounds, [&] {
      for (std::size_t round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < records; ++i)
          to[i] = from[i];
        asm volatile("" : : "r"(to.data()) : "memory");
      }
    });
  }

private:
  static constexpr std::size_t rounds = 8;

  settings wanted_;
  std::vector<std::uint64_t> keys_;
  segmented_table<std::uint64_t, std::uint64_t> table_{
    std::make_shared<segment_pool>()};
};

} // namespace

expected<outcome> run_calibrate(const settings& wanted) {
  const machine_watch watch;
  calibration machine{wanted};
  bench_report report;
  report.bench = "calibrate";
  report.config = wanted;
  report.config.parallelism = 1;
  report.extra = {{"keyed_update_ns", machine.keyed_update()},
                  {"copy_64_bytes_ns", machine.copy()}};
  report.checksums_equal = machine.complete();
  report.disturbed = watch.since();
  print(report);
  return report.outcome();
}

} // namespace flow::bench
