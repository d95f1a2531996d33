#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace flow {

/// A request's head is at most so long; more is refused.
inline constexpr std::size_t longest_request_head = std::size_t{8} << 10;

/// True once the head of a request is complete, or can no longer become so.
[[nodiscard]] bool request_complete(std::string_view received) noexcept;

/// The answer to a request: the metrics for `GET /metrics`, and a status that
/// says what is wrong for everything else. The connection ends after it.
/// @param received what came so far, from anybody: never trusted
/// @param render called for the metrics only
[[nodiscard]] std::string answer_to(std::string_view received,
                                    const std::function<std::string()>& render);

} // namespace flow
