#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include "libflow/core/assert.hpp"
#include "tools/bench/tape.hpp"

namespace flow::bench {

/// Calls work(0) here and work(1) to work(count - 1) each in a process of its
/// own; the sum of what they come to. This process has no other threads.
template <class Work>
checksum run_forked(std::size_t count, Work&& work) {
  int results[2];
  FLOW_ASSERT(pipe(results) == 0, "no pipe");
  for (std::size_t i = 1; i < count; ++i)
    if (fork() == 0) {
      const checksum part = work(i);
      _exit(write(results[1], &part, sizeof part) == sizeof part ? 0 : 1);
    }
  checksum sum = work(0);
  for (std::size_t i = 1; i < count; ++i) {
    checksum part;
    FLOW_ASSERT(read(results[0], &part, sizeof part) == sizeof part,
                "a process of the baseline failed");
    sum += part;
    wait(nullptr);
  }
  close(results[0]);
  close(results[1]);
  return sum;
}

} // namespace flow::bench
