#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "libflow/core/assert.hpp"
#include "libflow/core/codec.hpp"
#include "libflow/core/crc32c.hpp"

namespace flow::bench {

/// Writes a table to a file, durably, or to memory: entry after entry into a
/// buffer, which is summed and handed on when it is full. Anything that goes
/// wrong ends the process: it is a measurement.
class table_writer {
public:
  /// @param path  of the file; empty: to memory
  /// @param size  bytes that will come, about
  table_writer(const std::string& path, std::uint64_t size) {
    if (path.empty()) {
      memory_.reserve(size);
      return;
    }
    file_ = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    FLOW_ASSERT(file_ >= 0, "no file for the baseline");
  }
  table_writer(const table_writer&) = delete;
  table_writer& operator=(const table_writer&) = delete;
  ~table_writer() {
    if (file_ >= 0)
      close(file_);
  }

  /// The bytes written. Called once.
  template <class Table>
  std::uint64_t write(const Table& table) {
    std::vector<std::byte> buffer;
    auto at = std::make_unique<byte_writer>(buffer);
    table.for_each([&](const auto& key, const auto& value) {
      codec<std::remove_cvref_t<decltype(key)>>::encode(key, *at);
      codec<std::remove_cvref_t<decltype(value)>>::encode(value, *at);
      if (at->size() < full)
        return;
      hand_on(at->written());
      at.reset(); // sets the buffer's size
      buffer.clear();
      at = std::make_unique<byte_writer>(buffer);
    });
    hand_on(at->written());
    FLOW_ASSERT(file_ < 0 || fsync(file_) == 0, "the baseline cannot sync");
    return total_;
  }

private:
  static constexpr std::size_t full = std::size_t{64} << 10;

  void hand_on(std::span<const std::byte> bytes) {
    sum_ = crc32c(bytes, sum_);
    total_ += bytes.size();
    if (file_ < 0)
      memory_.insert(memory_.end(), bytes.begin(), bytes.end());
    for (; file_ >= 0 && !bytes.empty();) {
      const ssize_t put = ::write(file_, bytes.data(), bytes.size());
      FLOW_ASSERT(put > 0, "the baseline cannot write");
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
  }

  int file_ = -1;
  std::vector<std::byte> memory_;
  std::uint32_t sum_ = 0;
  std::uint64_t total_ = 0;
};

} // namespace flow::bench
