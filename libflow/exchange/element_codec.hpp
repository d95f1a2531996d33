#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/exchange/batch_codec.hpp"
#include "libflow/exchange/stream_element.hpp"

namespace flow {

/// Elements of a channel as the payload of a frame (FORMAT.md). Pure; any
/// thread.

/// Appends the element.
/// Errors: user_function, with what a `serialize` of the author threw; `out`
/// then holds a part.
/// @pre codec.usable()
expected<void> encode_element(const stream_element& what,
                              const batch_codec& codec, byte_writer& out);

/// Reads what encode_element wrote; corrupt_data if the bytes are anything
/// else. They are not trusted.
[[nodiscard]] expected<stream_element>
decode_element(std::span<const std::byte> bytes,
               const batch_codec& codec) noexcept;

} // namespace flow
