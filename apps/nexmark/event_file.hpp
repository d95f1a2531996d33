#pragma once

#include <memory>
#include <string>

#include "apps/nexmark/event.hpp"
#include "apps/nexmark/latency.hpp"
#include "libflow/connectors/files/text_source.hpp"

namespace nexmark {

/// Reads a file of one JSON event a line (json_events.hpp) through splits
/// handed out in file order. An event's position is the offset of its line. A
/// line that cannot be read ends the job with `file:line: what`; an empty one
/// is allowed at the end of the file. Replayable.
class event_file final : public flow::source<event> {
public:
  /// @param took  is told what has been read; null: nobody
  event_file(std::shared_ptr<flow::file_system> files, std::string path,
             std::shared_ptr<latencies> took = nullptr);

  [[nodiscard]] std::string kind() const override { return "events file"; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] flow::replay_guarantee replay() const override {
    return flow::replay_guarantee::replayable;
  }
  [[nodiscard]] bool blocking() const override { return true; }
  [[nodiscard]] std::unique_ptr<flow::source_reader<event>>
  make_reader() const override;
  [[nodiscard]] std::unique_ptr<flow::split_coordinator>
  make_coordinator() const override;

private:
  std::shared_ptr<flow::file_system> files_;
  std::string path_;
  std::shared_ptr<latencies> took_;
};

} // namespace nexmark
