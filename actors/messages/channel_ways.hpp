#pragma once

#include <cstdint>

#include "libflow/core/error.hpp"
#include "libflow/exchange/stream_element.hpp"

namespace flow {

/// The way of a channel's elements to a consumer in another process.
/// @thread one at a time; the producer's subtask
class element_way {
public:
  virtual ~element_way() = default;

  /// Sends an element; one that cannot be encoded is an error that fails the
  /// attempt. That the link has ended is none: the subtask hears of it.
  /// @param sequence counts the channel's elements from 0
  virtual expected<void> send(std::uint64_t sequence,
                              const stream_element& element) = 0;
};

/// The way of a channel's credit to a producer in another process.
/// @thread one at a time; the consumer's subtask
class credit_way {
public:
  virtual ~credit_way() = default;
  virtual void grant(std::uint32_t credits) = 0;
};

} // namespace flow
