#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// What a fuzz target defines; engine.cpp runs it, under libFuzzer or by
/// itself.
namespace flow::fuzz {

using bytes = std::vector<std::byte>;

/// Well-formed inputs to start from; at least one.
[[nodiscard]] std::vector<bytes> seeds();

/// Makes the checksums right wherever the bytes still have the shape for it,
/// so that a mutation reaches what lies behind them. Keeps the size.
void reseal(bytes& input);

/// Reads bytes that nobody vouches for. Aborts if what the reader promises
/// does not hold; whether the bytes are well-formed does not matter.
void run(std::span<const std::byte> input);

/// Aborts with `what` unless `holds`.
void require(bool holds, const char* what);

} // namespace flow::fuzz
