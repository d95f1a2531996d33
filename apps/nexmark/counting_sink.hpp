#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "apps/nexmark/changes.hpp"
#include "libflow/flow.hpp"

namespace nexmark {

/// Number and checksum of rows in any order: the sum of their hashes, where a
/// row that a changelog takes back counts negative. So it is that of the final
/// table, whatever changes led there.
struct table_checksum {
  std::uint64_t rows = 0; ///< written, of a changelog all its changes
  std::uint64_t sum = 0;

  table_checksum& operator+=(const table_checksum& other) noexcept {
    rows += other.rows;
    sum += other.sum;
    return *this;
  }
  friend bool operator==(const table_checksum&,
                         const table_checksum&) = default;
};

/// Adds rows to a checksum. Keeps a buffer, so that a row costs no allocation.
class row_hasher {
public:
  template <class Row>
  void add(const Row& row, table_checksum& to) {
    const std::uint64_t hash = hash_of(row);
    ++to.rows;
    if constexpr (requires { row.op; })
      to.sum += adds(row.op) ? hash : 0 - hash;
    else
      to.sum += hash;
  }

private:
  template <class Row>
  std::uint64_t hash_of(const Row& row) {
    spill_.clear();
    flow::byte_writer out{buffer_, spill_};
    if constexpr (requires { row.op; })
      flow::codec<decltype(row.row)>::encode(row.row, out);
    else
      flow::codec<Row>::encode(row, out);
    const auto bytes = out.written();
    return flow::hash_bytes(bytes.data(), bytes.size());
  }

  std::array<std::byte, 2048> buffer_;
  flow::byte_string spill_; ///< of a row that is longer
};

/// A row of a changelog.
template <class Row>
struct changed {
  change op = change::insert;
  Row row;
};

/// Where the writers of a counting sink leave what they came to.
/// @thread any
class shared_table_checksum {
public:
  /// @param folder  when given, writers are in other processes of this machine
  ///                and leave a file each there
  explicit shared_table_checksum(std::string folder = {})
    : folder_(std::move(folder)) {}

  /// All that a writer has counted: replaces what it left before, in an
  /// attempt that failed.
  flow::expected<void> set(std::uint32_t writer, const table_checksum& counted);

  [[nodiscard]] table_checksum total() const;

private:
  std::string folder_;
  mutable std::mutex mutex_;
  std::map<std::uint32_t, table_checksum> counted_; // guarded by mutex_
};

/// Takes rows and keeps only their number and checksum.
template <class Row>
class counting_sink final : public flow::sink<Row> {
public:
  explicit counting_sink(std::shared_ptr<shared_table_checksum> total)
    : total_(std::move(total)) {}

  [[nodiscard]] std::string kind() const override { return "checksum"; }
  [[nodiscard]] flow::sink_guarantee guarantee() const override {
    return flow::sink_guarantee::exactly_once;
  }
  [[nodiscard]] std::unique_ptr<flow::sink_writer<Row>>
  make_writer() const override {
    return std::make_unique<writer>(total_);
  }

private:
  class writer final : public flow::sink_writer<Row> {
  public:
    explicit writer(std::shared_ptr<shared_table_checksum> total)
      : total_(std::move(total)) {}

    flow::expected<void> open(flow::runtime_context& context) override {
      index_ = context.subtask_index();
      return {};
    }
    flow::expected<void> write(std::span<const Row> rows,
                               std::span<const flow::timestamp>) override {
      for (const Row& row : rows)
        hasher_.add(row, own_);
      return {};
    }
    flow::expected<void> finish() override { return total_->set(index_, own_); }

    flow::expected<flow::writer_snapshot>
    snapshot(const flow::snapshot_context&) override {
      flow::writer_snapshot result;
      flow::byte_writer out{result.entries.emplace_back()};
      flow::codec<table_checksum>::encode(own_, out);
      return result;
    }

    flow::expected<void>
    restore(std::span<const std::vector<std::byte>> entries) override {
      own_ = {};
      for (const auto& entry : entries) {
        flow::byte_reader in{entry};
        table_checksum part;
        if (!flow::codec<table_checksum>::decode(in, part) || !in.finished())
          return flow::error{flow::error_code::corrupt_data,
                             "a checksum cannot be read"};
        own_ += part;
      }
      return {};
    }

  private:
    std::uint32_t index_ = 0;
    std::shared_ptr<shared_table_checksum> total_;
    row_hasher hasher_;
    table_checksum own_;
  };

  std::shared_ptr<shared_table_checksum> total_;
};

} // namespace nexmark
