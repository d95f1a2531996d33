#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libflow/core/checkpoint_options.hpp"
#include "libflow/core/error.hpp"

namespace flow::bench {

/// What the command line asked for; what was not given is the bench's default.
struct settings {
  std::uint64_t records = 0;
  std::uint32_t bytes = 16;   ///< of a record: 16, 64 or 4096
  std::uint32_t batch = 1024; ///< most records that a source reads at once
  std::uint64_t keys = 1'000'000;
  std::uint64_t most_keys = 10'000'000; ///< where a bench makes keys more
  std::uint32_t parallelism = 2;
  std::uint32_t processes = 1;
  std::uint32_t pairs = 7;
  std::uint64_t state = 0; ///< bytes under all keys; 0: the bench has none
  std::optional<state_backend_kind> backend; ///< none: all that the bench has
  bool json = false;
  std::uint64_t rate = 0;     ///< records a second; 0: the bench's own
  bool per_row = false;       ///< by result rows, not by records
  bool any_bytes = false;     ///< the bench has records of several sizes
  bool any_rate = false;      ///< the bench sends at a rate
  bool any_processes = false; ///< the bench may run in several processes
  bool any_state = false;     ///< the bench has checkpoints
  std::string only;           ///< one of its variants; empty: all

  /// Backends to be measured.
  [[nodiscard]] std::vector<state_backend_kind> backends() const {
    if (backend)
      return {*backend};
    return {state_backend_kind::memory, state_backend_kind::filesystem};
  }
};

/// Records a second up to which latency is that of an exchange; beyond, that
/// of windows.
inline constexpr std::uint64_t highest_exchange_rate = 100'000;

/// How a bench ended. A bar that was missed is not a defect.
enum class outcome : std::uint8_t {
  measured,
  defect, ///< a wrong result, or work that was left out
};

/// One bench: what it is, and how to run it.
struct description {
  std::string_view name; ///< with the flag that chooses it, if one does
  std::string_view what;
  std::string_view input;
  std::string_view bar;
  settings defaults;
  /// Errors: the job could not be run.
  expected<outcome> (*run)(const settings& wanted);
};

/// All that can be run, in the order of the help.
[[nodiscard]] const std::vector<description>& all_benches();

expected<outcome> run_chain(const settings& wanted);
expected<outcome> run_exchange(const settings& wanted);
expected<outcome> run_keyed_count(const settings& wanted);
expected<outcome> run_window_count(const settings& wanted);
expected<outcome> run_sliding(const settings& wanted);
expected<outcome> run_sliding_rows(const settings& wanted);
expected<outcome> run_session(const settings& wanted);
expected<outcome> run_interval_join(const settings& wanted);
expected<outcome> run_nexmark(const settings& wanted);
expected<outcome> run_scale(const settings& wanted);
expected<outcome> run_memory(const settings& wanted);
expected<outcome> run_latency(const settings& wanted);
expected<outcome> run_window_latency(const settings& wanted);
expected<outcome> run_backend(const settings& wanted);
expected<outcome> run_checkpoint(const settings& wanted);
expected<outcome> run_checkpoint_stall(const settings& wanted);
expected<outcome> run_recovery(const settings& wanted);
expected<outcome> run_calibrate(const settings& wanted);

} // namespace flow::bench
