#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "test/sim/faulty_disk.hpp"
#include "test/sim/sim_job.hpp"
#include "test/sim/sim_store.hpp"

namespace flow::sim {

inline constexpr std::string_view sim_checkpoints = "/ckpt";

/// What must hold whatever fails, seen from outside the cluster: on the disk
/// and in the messages that pass.
/// Owner: one simulated run.
class outside_checks {
public:
  outside_checks(const faulty_disk& disk, const sim_store& store,
                 std::vector<std::string>& problems)
    : disk_(disk), store_(store), problems_(problems) {}

  /// Parts that were visible stay as they are; checkpoints are published in
  /// the order of their numbers.
  void look();

  /// A process begins.
  /// @param forgotten  the disk has forgotten things: what vanished with them
  /// was not promised to anybody
  /// @param emptied  the output was emptied for a fresh start
  void process_begins(bool forgotten, bool emptied);

  /// A subtask hears that a checkpoint is complete: it has to be durable, or
  /// replaced by a newer one that is.
  void completed_is_told(std::uint64_t id);

  /// A watermark arrives at a channel; of one receiver they never go back.
  void watermark_arrives(std::uint64_t receiver, std::uint32_t channel,
                         timestamp mark);

  /// The job has finished.
  /// @param retained  how many checkpoints are kept
  /// @param litter_allowed  a disk that failed may have kept what was to go
  void job_finished(const sim_job& job, std::uint32_t retained,
                    bool litter_allowed);

  /// Numbers of the checkpoints on the disk.
  [[nodiscard]] std::vector<std::uint64_t> published() const;

private:
  void check_published();
  void check_checkpoints_at_end(std::uint32_t retained, bool litter_allowed);
  void problem(std::string text) { problems_.push_back(std::move(text)); }

  const faulty_disk& disk_;
  const sim_store& store_;
  std::vector<std::string>& problems_;
  std::map<std::string, std::string> visible_; // parts, by path
  std::set<std::uint64_t> published_;
  std::uint64_t greatest_told_ = 0;
  std::map<std::pair<std::uint64_t, std::uint32_t>, timestamp> watermarks_;
};

} // namespace flow::sim
