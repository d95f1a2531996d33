#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace flow::bench {

/// User and system time so far, of the whole process and of those that it has
/// started and waited for.
[[nodiscard]] std::chrono::nanoseconds process_cpu();

/// Highest resident memory of the process so far, and that of now, in bytes.
[[nodiscard]] std::uint64_t peak_rss();
[[nodiscard]] std::uint64_t current_rss();

[[nodiscard]] inline std::chrono::nanoseconds now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

/// What disturbed a measurement, in percent of what all cores could do.
struct disturbance {
  double steal = 0;   ///< taken by the hypervisor
  double foreign = 0; ///< used by other processes

  [[nodiscard]] bool too_much() const noexcept {
    return steal > 2 || foreign > 5;
  }
  /// The worse of both.
  void include(const disturbance& other) noexcept {
    steal = std::max(steal, other.steal);
    foreign = std::max(foreign, other.foreign);
  }
};

/// Watches the machine from its construction on.
class machine_watch {
public:
  machine_watch();
  [[nodiscard]] disturbance since() const;

private:
  /// Counts of /proc/stat, in ticks of all cores; zero where there is none.
  struct ticks {
    double total = 0;
    double busy = 0;
    double steal = 0;
  };
  static ticks read();

  ticks begin_;
  std::chrono::nanoseconds cpu_begin_;
};

} // namespace flow::bench
