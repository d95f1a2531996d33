#include "libflow/core/suggest.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace flow {

namespace {

// Edit distance with swaps of neighbours (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> cost((a.size() + 1) * width);
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j < width; ++j) {
      std::size_t& here = cost[i * width + j];
      if (i == 0 || j == 0) {
        here = i + j;
        continue;
      }
      const std::size_t same = a[i - 1] == b[j - 1] ? 0 : 1;
      here =
        std::min({cost[(i - 1) * width + j] + 1, cost[i * width + j - 1] + 1,
                  cost[(i - 1) * width + j - 1] + same});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        here = std::min(here, cost[(i - 2) * width + j - 2] + 1);
    }
  }
  return cost.back();
}

} // namespace

std::string_view closest(std::string_view written,
                         std::span<const std::string_view> candidates) {
  // Nobody means something ten times as long; bounds the cost as well.
  constexpr std::size_t longest = 200;
  if (written.empty() || written.size() > longest)
    return {};
  std::size_t best = std::max<std::size_t>(2, written.size() / 3) + 1;
  best = std::min(best, written.size());
  std::string_view found;
  for (const std::string_view candidate : candidates) {
    const std::size_t edits = distance(written, candidate);
    if (edits < best) {
      best = edits;
      found = candidate;
    }
  }
  return found;
}

std::string did_you_mean(std::string_view written,
                         std::span<const std::string_view> candidates) {
  const std::string_view found = closest(written, candidates);
  if (found.empty())
    return {};
  std::string text = "; did you mean '";
  text.append(found).append("'?");
  return text;
}

} // namespace flow
