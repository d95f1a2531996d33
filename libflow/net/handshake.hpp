#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/net/frame.hpp"

namespace flow::net {

/// Changes whenever a peer of the former version would misread something.
inline constexpr std::uint32_t protocol_version = 1;

/// Longest text of a handshake, in bytes.
inline constexpr std::size_t max_handshake_text = 256;

/// The first frame that each side of a link sends, before it has read
/// anything. A value.
struct handshake {
  std::uint32_t version = protocol_version;
  std::string build;  ///< which build of the program, for people to read
  std::string node;   ///< the host's daemon
  std::string worker; ///< process on that node; empty: the daemon itself

  friend bool operator==(const handshake&, const handshake&) = default;
};

/// Appends the frame to `out`. Fails with invalid_argument, `out` unchanged,
/// if a text is longer than max_handshake_text or the node is empty.
/// @thread any
expected<void> encode_handshake(const handshake& own,
                                std::vector<std::byte>& out);

/// Reads the first frame of a peer: corrupt_data if it is none. Of another
/// version only the version is read, the texts stay empty.
/// @thread any
expected<handshake> decode_handshake(const frame& first);

/// Whether to go on with this peer: incompatible if its protocol version is
/// another, invalid_argument if it is this process itself. Another build of
/// the same version is welcome: a cluster is upgraded one node at a time.
/// @thread any
expected<void> check_handshake(const handshake& own, const handshake& theirs);

} // namespace flow::net
