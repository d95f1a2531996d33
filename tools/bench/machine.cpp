#include "tools/bench/machine.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>

namespace flow::bench {

std::chrono::nanoseconds process_cpu() {
  auto of = [](const timeval& time) {
    return std::chrono::nanoseconds{std::chrono::seconds{time.tv_sec}}
           + std::chrono::microseconds{time.tv_usec};
  };
  std::chrono::nanoseconds sum{0};
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    sum += of(usage.ru_utime) + of(usage.ru_stime);
  }
  return sum;
}

std::uint64_t peak_rss() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

std::uint64_t current_rss() {
  std::ifstream file{"/proc/self/statm"};
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

machine_watch::machine_watch() : begin_(read()), cpu_begin_(process_cpu()) {}

disturbance machine_watch::since() const {
  const ticks end = read();
  const double total = end.total - begin_.total;
  if (total <= 0)
    return {};
  const double tick_seconds = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  const double own =
    std::chrono::duration<double>(process_cpu() - cpu_begin_).count()
    / tick_seconds;
  // A tick counts for whom it meets: what is less than two is not seen.
  const double foreign = end.busy - begin_.busy - own - 2;
  return {100 * (end.steal - begin_.steal) / total,
          100 * std::max(foreign, 0.0) / total};
}

machine_watch::ticks machine_watch::read() {
  std::ifstream file{"/proc/stat"};
  std::string name;
  file >> name;
  // user nice system idle iowait irq softirq steal
  std::array<double, 8> count{};
  for (double& each : count)
    file >> each;
  ticks result;
  for (const double each : count)
    result.total += each;
  result.steal = count[7];
  result.busy = result.total - count[3] - count[4] - count[7];
  return result;
}

} // namespace flow::bench
