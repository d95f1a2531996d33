#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libflow/connectors/csv/csv_file.hpp"
#include "libflow/flow.hpp"

namespace nexmark {

/// The bounded table that bids are joined with: values by key. Only the keys
/// that a number modulo `modulus` can be are kept. Constant once made.
class side_table {
public:
  static constexpr std::int64_t modulus = 10'000;

  /// The rows (i, "i") for i from 0 to 9,999.
  static side_table standard();

  /// A CSV with the columns `key` and `value`; a key may stand several times.
  /// Errors name file and line.
  static flow::expected<side_table> read(flow::file_system& files,
                                         const std::string& path);

  void add(std::int64_t key, std::string_view value);

  /// The values of number % modulus.
  [[nodiscard]] std::span<const flow::text> find(std::int64_t number) const {
    return values_[index_of(number % modulus)];
  }

private:
  side_table() : values_(2 * modulus - 1) {}

  /// @pre -modulus < key < modulus
  static std::size_t index_of(std::int64_t key) {
    return static_cast<std::size_t>(key + modulus - 1);
  }

  std::vector<std::vector<flow::text>> values_;
};

} // namespace nexmark
