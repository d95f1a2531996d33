#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

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
    buffer_.clear();
    flow::byte_writer out{buffer_};
    if constexpr (requires { row.op; })
      flow::codec<decltype(row.row)>::encode(row.row, out);
    else
      flow::codec<Row>::encode(row, out);
    return flow::hash_bytes(buffer_.data(), buffer_.size());
  }

  flow::byte_string buffer_;
};

/// A row of a changelog.
template <class Row>
struct changed {
  change op = change::insert;
  Row row;
};

/// Where the writers of a counting sink leave what they came to. @thread any
class shared_table_checksum {
public:
  void add(const table_checksum& part) {
    const std::lock_guard guard{mutex_};
    total_ += part;
  }
  [[nodiscard]] table_checksum total() const {
    const std::lock_guard guard{mutex_};
    return total_;
  }

private:
  mutable std::mutex mutex_;
  table_checksum total_; // guarded by mutex_
};

/// Takes rows and keeps only their number and checksum.
template <class Row>
class counting_sink final : public flow::sink<Row> {
public:
  explicit counting_sink(std::shared_ptr<shared_table_checksum> total)
    : total_(std::move(total)) {}

  [[nodiscard]] std::string kind() const override { return "checksum"; }
  [[nodiscard]] flow::sink_guarantee guarantee() const override {
    return flow::sink_guarantee::at_least_once;
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

    flow::expected<void> open(flow::runtime_context&) override { return {}; }
    flow::expected<void> write(std::span<const Row> rows,
                               std::span<const flow::timestamp>) override {
      for (const Row& row : rows)
        hasher_.add(row, own_);
      return {};
    }
    flow::expected<void> finish() override {
      total_->add(std::exchange(own_, {}));
      return {};
    }

  private:
    std::shared_ptr<shared_table_checksum> total_;
    row_hasher hasher_;
    table_checksum own_;
  };

  std::shared_ptr<shared_table_checksum> total_;
};

} // namespace nexmark
