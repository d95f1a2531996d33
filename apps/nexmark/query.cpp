#include "apps/nexmark/query.hpp"

#include <algorithm>
#include <array>

namespace nexmark {

namespace {

constexpr std::array queries{
  query{"q0", "pass through", compose_q0},
  query{"q1", "currency conversion", compose_q1},
  query{"q2", "selection", compose_q2},
  query{"q13", "bounded side input", compose_q13},
  query{"q14", "calculation", compose_q14},
  query{"q21", "add channel id", compose_q21},
  query{"q22", "url directories", compose_q22},
};

} // namespace

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
