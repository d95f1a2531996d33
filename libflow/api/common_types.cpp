#include "libflow/api/common_types.hpp"

namespace flow {

#if FLOW_COMMON_TYPES
FLOW_COMMON_RECORD(, text)
FLOW_COMMON_RECORD(, std::int64_t)
FLOW_COMMON_KEY(, text)
FLOW_COMMON_KEY(, std::int64_t)
FLOW_COMMON_WINDOWS(, text)
FLOW_COMMON_WINDOWS(, std::int64_t)
#endif

} // namespace flow
