#pragma once

#include <cstddef>
#include <string>

#include "libflow/core/bytes.hpp"
#include "libflow/core/codec.hpp"

namespace flow::detail {

/// How the value of one table entry stands in a snapshot: as one row, or, for
/// lists and maps (which specialise it), as several, each behind the key.
template <class V>
struct state_rows {
  static constexpr bool one_each = true; ///< whatever the value
  struct position {};

  [[nodiscard]] static std::size_t count(const V&) { return 1; }
  static void encode_next(const V& value, position&, byte_writer& out) {
    codec<V>::encode(value, out);
  }
  /// @param fresh  whether the key had no row before
  [[nodiscard]] static bool decode(byte_reader& in, V& value, bool fresh) {
    return fresh && codec<V>::decode(in, value);
  }
  [[nodiscard]] static std::string schema() { return codec<V>::schema(); }
};

} // namespace flow::detail
