#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "apps/nexmark/event.hpp"
#include "apps/nexmark/latency.hpp"
#include "libflow/connectors/files/text_source.hpp"

namespace nexmark {

// A file of events in binary, numbers little-endian:
//
//   "NEXEVT01"
//   of each event: u32 number of bytes, then as many (its codec's)
//   of each block of 1,024 events: u64 offset of the first
//   u64 number of events, u64 offset of the first block's u64, "NEXEVT01"

/// Events of a block, which readers take in turns.
inline constexpr std::uint64_t binary_block_events = 1024;

/// Writes such a file. Owner: who has the stream.
class binary_event_writer {
public:
  /// @param to  outlives the writer; its state says whether all was written
  explicit binary_event_writer(std::ostream& to);

  void add(const event& each);
  /// Writes what stands behind the events.
  void finish();

private:
  void append_number(std::uint64_t value);
  void write_buffer();

  std::ostream* to_; // not owned
  std::string buffer_;
  flow::byte_string scratch_;
  std::uint64_t offset_ = 0; ///< in the file, of what comes next
  std::uint64_t count_ = 0;
  std::vector<std::uint64_t> blocks_; ///< offsets
};

/// Whether the file begins like one of these; false also for one that cannot
/// be read.
[[nodiscard]] bool is_binary_event_file(flow::file_system& files,
                                        const std::string& path);

/// Reads such a file; an event keeps the position that it was written with. A
/// file that is damaged ends the job. Replayable.
class binary_event_file final : public flow::source<event> {
public:
  /// @param took  is told what has been read; null: nobody
  binary_event_file(std::shared_ptr<flow::file_system> files, std::string path,
                    std::shared_ptr<latencies> took = nullptr)
    : files_(std::move(files)), path_(std::move(path)), took_(std::move(took)) {
  }

  [[nodiscard]] std::string kind() const override {
    return "binary events file";
  }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] flow::replay_guarantee replay() const override {
    return flow::replay_guarantee::replayable;
  }
  [[nodiscard]] bool blocking() const override { return true; }
  [[nodiscard]] std::unique_ptr<flow::source_reader<event>>
  make_reader() const override;

private:
  std::shared_ptr<flow::file_system> files_;
  std::string path_;
  std::shared_ptr<latencies> took_;
};

} // namespace nexmark
