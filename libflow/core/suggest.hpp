#pragma once

#include <span>
#include <string>
#include <string_view>

namespace flow {

/// The candidate that is closest to what somebody wrote, or an empty view when
/// none is close: at most a third of the letters (and two at least) inserted,
/// left out, replaced or swapped with a neighbour. The first of equals.
/// Cost: O(letters squared) per candidate; for messages of errors only.
[[nodiscard]] std::string_view
closest(std::string_view written, std::span<const std::string_view> candidates);

/// "; did you mean 'x'?", or empty.
[[nodiscard]] std::string
did_you_mean(std::string_view written,
             std::span<const std::string_view> candidates);

} // namespace flow
