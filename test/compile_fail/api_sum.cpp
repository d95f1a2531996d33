// A sum is of a field that can be added.
#include "libflow/flow.hpp"

struct visit {
  std::int64_t user = 0;
  flow::text page;
};

int main() {
  flow::stream_environment env{flow::job_options{}};
  const auto visits =
    env.from_collection(std::vector<visit>{}).key_by(&visit::user);
#ifdef FLOW_COMPILE_FAIL
  static_cast<void>(visits.sum(&visit::page));
#else
  static_cast<void>(visits.sum(&visit::user));
#endif
}
