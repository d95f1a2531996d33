#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "apps/nexmark/changes.hpp"
#include "libflow/core/fields.hpp"
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

/// A hash of what the fields of a row hold, in their order: numbers, enums,
/// texts, and structs of these; of a struct that has `for_each_shown(value, f)`
/// what this calls f with. Each is multiplied by itself, with a number of its
/// place's own: no field waits for the one before it, and no text is copied.
/// Owner: a local variable.
class row_hash {
public:
  template <class T>
  void add(const T& value) {
    const auto add_field = [this](const auto& field) { add(field); };
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      const std::string_view bytes = value;
      mix(flow::hash_bytes(bytes.data(), bytes.size()));
    } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      mix(static_cast<std::uint64_t>(value));
    } else if constexpr (requires { for_each_shown(value, add_field); }) {
      for_each_shown(value, add_field);
    } else {
      flow::for_each_field(value, add_field);
    }
  }

  [[nodiscard]] std::uint64_t value() const { return folded(sum_ ^ odd_); }

private:
  __extension__ using wide = unsigned __int128;

  void mix(std::uint64_t value) {
    place_ += 0x9E3779B97F4A7C15; // as splitmix64 counts
    sum_ += folded(value ^ place_);
  }

  /// Both halves of a product, so that every bit of it depends on every bit of
  /// the value.
  static std::uint64_t folded(std::uint64_t value) {
    const wide product = wide{value} * odd_;
    return static_cast<std::uint64_t>(product)
           ^ static_cast<std::uint64_t>(product >> 64);
  }

  static constexpr std::uint64_t odd_ = 0xA0761D6478BD642F;

  std::uint64_t place_ = 0;
  std::uint64_t sum_ = 0;
};

/// Adds a row to a checksum.
template <class Row>
void add_row(const Row& row, table_checksum& to) {
  row_hash hash;
  ++to.rows;
  if constexpr (requires { row.op; }) {
    hash.add(row.row);
    to.sum += adds(row.op) ? hash.value() : 0 - hash.value();
  } else {
    hash.add(row);
    to.sum += hash.value();
  }
}

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
        add_row(row, own_);
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
    table_checksum own_;
  };

  std::shared_ptr<shared_table_checksum> total_;
};

} // namespace nexmark
