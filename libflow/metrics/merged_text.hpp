#pragma once

#include <span>
#include <string>

namespace flow {

/// One Prometheus text of several processes' texts, which have no sample in
/// common: each family once, with the samples of all, in the order of the
/// texts. Lines before the first family are dropped.
/// Pure; any thread.
[[nodiscard]] std::string merged_text(std::span<const std::string> texts);

} // namespace flow
