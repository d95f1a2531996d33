#include "tools/bench/open_loop.hpp"

#include <thread>

#include "tools/bench/machine.hpp"

namespace flow::bench {

std::vector<double> empty_loop(double per_second, std::uint64_t count) {
  std::vector<double> late;
  late.reserve(count);
  open_loop loop{per_second, count};
  loop.start(now());
  while (!loop.done()) {
    const auto at = now();
    loop.run(at, count, [&](nanoseconds due, std::uint64_t) {
      late.push_back(static_cast<double>((at - due).count()));
    });
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  std::sort(late.begin(), late.end());
  return late;
}

double quantile_us(const std::vector<double>& sorted, double share) {
  const auto at =
    static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
  return sorted[at] / 1e3;
}

} // namespace flow::bench
