#include "apps/nexmark/query.hpp"

#include <algorithm>
#include <array>

#if FLOW_COMMON_TYPES
namespace flow {
FLOW_COMMON_RECORD(, nexmark::event)
}
#endif

namespace nexmark {

namespace {

constexpr std::array queries{
  query{"q0", "pass through", compose_q0},
  query{"q1", "currency conversion", compose_q1},
  query{"q2", "selection", compose_q2},
  query{"q3", "local item suggestion", compose_q3},
  query{"q4", "average price of a category", compose_q4},
  query{"q5", "hot items", compose_q5},
  query{"q6", "average price of a seller", compose_q6},
  query{"q7", "highest bid", compose_q7},
  query{"q8", "new users", compose_q8},
  query{"q9", "winning bids", compose_q9},
  query{"q10", "log to the file system", compose_q10},
  query{"q11", "user sessions", compose_q11},
  query{"q12", "windows by the clock", compose_q12},
  query{"q13", "bounded side input", compose_q13},
  query{"q14", "calculation", compose_q14},
  query{"q15", "bids of a day", compose_q15},
  query{"q16", "bids of a channel", compose_q16},
  query{"q17", "bids on an auction", compose_q17},
  query{"q18", "last bid", compose_q18},
  query{"q19", "ten best bids", compose_q19},
  query{"q20", "bids with their auction", compose_q20},
  query{"q21", "channel id", compose_q21},
  query{"q22", "url directories", compose_q22},
  query{"q23", "bids with bidder and auctions", compose_q23},
};

} // namespace

flow::data_stream<event>
query_context::timed_events(flow::duration_ms extra) const {
  auto timed = events.assign_timestamps_and_watermarks(
    flow::bounded_out_of_orderness(out_of_orderness + extra, time_of));
  timed.uid("event-time").name("event time");
  return timed;
}

std::span<const query> all_queries() {
  return queries;
}

const query* find_query(std::string_view name) {
  const auto found =
    std::find_if(queries.begin(), queries.end(),
                 [&](const query& each) { return each.name == name; });
  return found == queries.end() ? nullptr : &*found;
}

} // namespace nexmark
