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

/// What a connection is for. Numbers are on the wire: never change one.
enum class link_role : std::uint8_t {
  control = 1, ///< messages between actors
  data = 2,    ///< elements of channels and their credit
};

/// The first frame that each side of a link sends: the one that dials at once,
/// the other as its answer. A value.
struct handshake {
  std::uint32_t version = protocol_version;
  link_role role = link_role::control;
  std::uint32_t incarnation = 0; ///< how often this worker was started before
  std::string build;  ///< which build of the program, for people to read
  std::string node;   ///< the host's daemon
  std::string worker; ///< process on that node; empty: the daemon itself
  std::string token;  ///< the job's secret; of who dials, else empty

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
expected<handshake> decode_handshake(const frame_view& first);

/// Whether to go on with this peer: incompatible if its protocol version is
/// another, invalid_argument if it is this process itself. Another build of
/// the same version is welcome: a cluster is upgraded one node at a time.
/// The token is not looked at.
/// @thread any
expected<void> check_handshake(const handshake& own, const handshake& theirs);

/// Whether who dialled knows the secret. Takes equally long whatever differs.
/// @thread any
[[nodiscard]] bool knows_token(const std::string& secret,
                               const handshake& theirs) noexcept;

/// Longest payload to believe before a peer has said who it is.
inline constexpr std::size_t max_handshake_payload = 4 * 1024;

} // namespace flow::net
