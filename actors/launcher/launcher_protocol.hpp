#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>

/// What a job and its launcher write to each other, one struct a packet, over
/// a pair of sockets that nobody else holds. Both are one program.
namespace flow::launching {

inline constexpr std::size_t max_workers = 256;
/// A line of some dozen bytes for each of more than a thousand vertices, and
/// less than a pipe holds.
inline constexpr std::size_t max_spec_bytes = 32 * 1024;
inline constexpr std::size_t max_tail_bytes = 2048;

/// To the launcher.
struct command {
  enum class kind : std::uint8_t { start, kill } what = kind::start;
  std::uint32_t worker = 0; ///< below max_workers
  std::uint32_t incarnation = 0;
  std::uint32_t spec_bytes = 0;
  std::array<char, max_spec_bytes> spec{}; ///< of `start`
};

/// From the launcher.
struct event {
  enum class kind : std::uint8_t {
    started,
    not_started,
    ended
  } what = kind::started;
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::int32_t pid = 0;
  std::int32_t status = 0; ///< of `ended` as wait4 has it; of not_started errno
  double cpu_seconds = 0;  ///< of `ended`
  std::uint64_t peak_rss_bytes = 0;
  std::uint32_t tail_bytes = 0;
  std::array<char, max_tail_bytes> tail{}; ///< the last it wrote to stderr
};

/// What the launcher process needs, made before it is forked: after it, it
/// allocates nothing and touches nothing that another thread of the job may
/// have held.
struct plan {
  int socket = -1;
  char* const* arguments = nullptr;   ///< of each worker, ended by null
  char* const* environment = nullptr; ///< the same
};

/// Where a worker finds its spec.
inline constexpr int spec_descriptor = 3;

/// The whole life of the launcher process. Ends when the job's end of the
/// socket is closed, however the job ended, and takes all workers with it.
[[noreturn]] void run_launcher(const plan& what) noexcept;

} // namespace flow::launching
