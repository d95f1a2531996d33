#pragma once

#include <cstdint>
#include <type_traits>
#include <variant>

#include "libflow/flow.hpp"

namespace nexmark {

// The three kinds of events. Times are milliseconds since the epoch, prices
// are cents. `position` is where the event stands in the input: among equal
// events it decides.

/// An offer for an auction.
struct bid {
  flow::timestamp date_time = 0;
  std::uint64_t position = 0;
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::text channel;
  flow::text url;
  flow::text extra;
};

/// Something for sale.
struct auction {
  flow::timestamp date_time = 0;
  std::uint64_t position = 0;
  std::int64_t id = 0;
  std::int64_t initial_bid = 0;
  std::int64_t reserve = 0;
  flow::timestamp expires = 0;
  std::int64_t seller = 0;
  std::int64_t category = 0;
  flow::text item_name;
  flow::text description;
  flow::text extra;
};

/// Somebody who sells or bids.
struct person {
  flow::timestamp date_time = 0;
  std::uint64_t position = 0;
  std::int64_t id = 0;
  flow::text name;
  flow::text email_address;
  flow::text credit_card;
  flow::text city;
  flow::text state;
  flow::text extra;
};

/// One event of the stream; bids, by far the most, come first.
using event = std::variant<bid, auction, person>;

inline constexpr auto time_of = [](const event& each) -> flow::timestamp {
  return std::visit([](const auto& kind) { return kind.date_time; }, each);
};

} // namespace nexmark

/// The alternatives hold numbers and texts, the variant an index beside them.
template <>
inline constexpr bool flow::is_trivially_relocatable<nexmark::event> = true;
