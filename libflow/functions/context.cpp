#include "libflow/functions/context.hpp"

namespace flow {

runtime_context::runtime_context(const place& where,
                                 operator_state_store* states)
  : place_(where), operator_states_(states) {}

} // namespace flow
