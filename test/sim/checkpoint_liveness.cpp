#include "test/sim/checkpoint_liveness.hpp"

#include <iterator>

namespace flow::sim {

namespace {

/// For timers, which are as coarse as the ticks of the clock.
constexpr std::chrono::milliseconds slack{50};

} // namespace

void checkpoint_liveness::expect(const checkpoint_options& options,
                                 bool asks_others) {
  interval_ = options.interval.value_or(milliseconds{0});
  timeout_ = options.timeout;
  asks_others_ = asks_others;
}

void checkpoint_liveness::attempt_runs(bool undisturbed) {
  running_ = true;
  undisturbed_attempt_ = undisturbed;
  faults_before_ = plan_.counts().total();
  pending_.clear();
  rested_ = {};
}

void checkpoint_liveness::attempt_ends() {
  running_ = false;
  pending_.clear();
}

bool checkpoint_liveness::nothing_went_wrong() const {
  return running_ && undisturbed_attempt_
         && plan_.counts().total() == faults_before_;
}

void checkpoint_liveness::triggered(std::uint64_t id) {
  rested_ = {};
  if (running_)
    pending_[id] = {};
}

void checkpoint_liveness::declined(std::uint64_t id) {
  if (const auto found = pending_.find(id); found != pending_.end())
    found->second.declined = true;
}

void checkpoint_liveness::completed(std::uint64_t id) {
  if (pending_.erase(id) > 0 && nothing_went_wrong())
    ++undisturbed_;
}

void checkpoint_liveness::given_up(std::uint64_t id, checkpoint_failure why) {
  const auto found = pending_.extract(id);
  if (found.empty() || !nothing_went_wrong())
    return;
  const auto& was = found.mapped();
  if (why == checkpoint_failure::expired) {
    if (!asks_others_ && was.rested >= timeout_ * 3 / 4)
      problem(id, "expired, for " + std::to_string(was.rested.count())
                    + " ms of which nobody had anything to do");
  } else if (why == checkpoint_failure::not_stored) {
    problem(id, "was not stored");
  } else if (was.declined) {
    problem(id, "was declined by a subtask");
  }
}

void checkpoint_liveness::rests(milliseconds time) {
  if (!running_)
    return;
  for (auto it = pending_.begin(); it != pending_.end();) {
    auto& [id, each] = *it;
    each.rested += time;
    const bool hangs = each.rested > timeout_ + slack;
    if (hangs && nothing_went_wrong())
      problem(id, "neither completes nor expires");
    it = hangs ? pending_.erase(it) : std::next(it);
  }
  if (!pending_.empty())
    return;
  rested_ += time;
  if (rested_ <= interval_ + slack || !nothing_went_wrong())
    return;
  problems_.push_back("no checkpoint is triggered any more, and nothing has "
                      "gone wrong");
  running_ = false;
}

void checkpoint_liveness::problem(std::uint64_t id, const std::string& what) {
  problems_.push_back("checkpoint " + std::to_string(id) + " " + what
                      + ", and nothing has gone wrong");
}

} // namespace flow::sim
