#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libflow/core/bytes.hpp"
#include "libflow/core/error.hpp"
#include "libflow/state/state_format.hpp"

namespace flow {

/// What a restore took from one old snapshot.
struct restored_keyed_state {
  std::uint64_t entries = 0;
  /// States of the snapshot that the operator does not have; whether that is
  /// allowed is the caller's to say.
  std::vector<std::string> unknown_states;
};

namespace detail {

/// Where the entries of one state go at a restore.
class keyed_restore_target {
public:
  virtual ~keyed_restore_target() = default;
  [[nodiscard]] virtual const state_header& header() const noexcept = 0;

  /// Takes one entry of a group; false: the bytes are damaged, or the key is
  /// of another group, or was there already.
  [[nodiscard]] virtual bool read_entry(byte_reader& in,
                                        std::uint32_t group) = 0;
};

/// Checks an old subtask's snapshot and hands the entries of the groups that
/// `own` names to the targets of the same name. After an error the targets
/// hold a part of it and must not be used.
expected<restored_keyed_state>
read_keyed_state(std::span<const std::byte> bytes, const keyed_header& own,
                 std::span<keyed_restore_target* const> targets);

} // namespace detail

} // namespace flow
