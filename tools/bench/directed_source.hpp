#pragma once

#include "libflow/functions/source.hpp"
#include "tools/bench/director.hpp"
#include "tools/bench/tape.hpp"

namespace flow::bench {

struct directed_event {
  std::uint64_t key = 0;
  std::uint64_t number = 0;
  order what = order::wait;
};

/// Does what a director says. Its position is the director's, so there is
/// nothing of it in a checkpoint.
class directed_source final : public source<directed_event> {
public:
  explicit directed_source(director& from) : director_(&from) {}

  [[nodiscard]] std::string kind() const override { return "directed"; }
  [[nodiscard]] bool bounded() const override { return false; }
  [[nodiscard]] replay_guarantee replay() const override {
    return replay_guarantee::replayable;
  }
  [[nodiscard]] std::unique_ptr<source_reader<directed_event>>
  make_reader() const override;

private:
  director* director_; // not owned
};

} // namespace flow::bench
