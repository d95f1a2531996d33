#pragma once

#include "apps/nexmark/event.hpp"

namespace nexmark {

// Texts that borrow from a record, for one that is about to be emitted: the
// batch that takes it copies them, and nothing else does.

[[nodiscard]] inline flow::text lent(std::string_view value) {
  flow::text result;
  result.rebind(value);
  return result;
}

inline void lend(const auction& from, auction& to) {
  to.date_time = from.date_time;
  to.position = from.position;
  to.id = from.id;
  to.initial_bid = from.initial_bid;
  to.reserve = from.reserve;
  to.expires = from.expires;
  to.seller = from.seller;
  to.category = from.category;
  to.item_name.rebind(from.item_name);
  to.description.rebind(from.description);
  to.extra.rebind(from.extra);
}

} // namespace nexmark
