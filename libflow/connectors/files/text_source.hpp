#pragma once

#include <memory>
#include <string>

#include "libflow/core/file_system.hpp"
#include "libflow/core/text.hpp"
#include "libflow/functions/source.hpp"

namespace flow {

/// Reads the lines of a text file, without their ends, through splits handed
/// out in file order. A line over 1 MiB comes in pieces that end between words,
/// so memory is bounded; a word over 16 MiB fails the job. Records have no
/// timestamp. Replayable.
class text_source final : public source<text> {
public:
  text_source(std::shared_ptr<file_system> files, std::string path)
    : files_(std::move(files)), path_(std::move(path)) {}

  [[nodiscard]] std::string kind() const override { return "text file"; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] replay_guarantee replay() const override {
    return replay_guarantee::replayable;
  }
  [[nodiscard]] bool blocking() const override { return true; }
  [[nodiscard]] std::unique_ptr<source_reader<text>>
  make_reader() const override;
  [[nodiscard]] std::unique_ptr<split_coordinator>
  make_coordinator() const override;

private:
  std::shared_ptr<file_system> files_;
  std::string path_;
};

} // namespace flow
