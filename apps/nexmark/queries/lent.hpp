#pragma once

#include "apps/nexmark/event.hpp"

namespace nexmark {

// Texts that borrow from a record, for one that is about to be emitted: the
// batch that takes it copies them, and nothing else does.

inline void lend(const flow::text& from, flow::text& to) {
  if (from.size() <= flow::text::max_inline_size)
    to = from; // a copy of two words
  else
    to.rebind(from);
}

[[nodiscard]] inline flow::text lent(const flow::text& from) {
  flow::text result;
  lend(from, result);
  return result;
}

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
  lend(from.item_name, to.item_name);
  lend(from.description, to.description);
  lend(from.extra, to.extra);
}

} // namespace nexmark
