#include "libflow/net/handshake.hpp"

#include <string_view>

#include "libflow/core/bytes.hpp"

namespace flow::net {

namespace {

bool read_text(byte_reader& reader, std::string& text) {
  std::string_view view;
  if (!reader.read_string(view) || view.size() > max_handshake_text)
    return false;
  text = view;
  return true;
}

error damaged(const std::string& what) {
  return {error_code::corrupt_data, "handshake: " + what};
}

} // namespace

expected<void> encode_handshake(const handshake& own,
                                std::vector<std::byte>& out) {
  for (const auto* text : {&own.build, &own.node, &own.worker, &own.token})
    if (text->size() > max_handshake_text)
      return error{error_code::invalid_argument,
                   "the texts of a handshake have at most "
                     + std::to_string(max_handshake_text) + " bytes; one has "
                     + std::to_string(text->size()),
                   error_severity::fatal};
  if (own.node.empty())
    return error{error_code::invalid_argument,
                 "the node of a handshake is empty", error_severity::fatal};
  std::vector<std::byte> payload;
  {
    byte_writer writer(payload);
    writer.write_int(own.version);
    writer.write_int(static_cast<std::uint8_t>(own.role));
    writer.write_int(own.incarnation);
    writer.write_string(own.build);
    writer.write_string(own.node);
    writer.write_string(own.worker);
    writer.write_string(own.token);
  }
  return encode_frame({.kind = frame_kind::handshake,
                       .flags = 0,
                       .job = {},
                       .attempt = {},
                       .channel = {},
                       .sequence = 0},
                      payload, out);
}

expected<handshake> decode_handshake(const frame_view& first) {
  if (first.header.kind != frame_kind::handshake)
    return damaged("the first frame is of another kind");
  if (first.header.sequence != 0)
    return damaged("its sequence number is not 0");
  byte_reader reader(first.payload);
  handshake theirs;
  if (!reader.read_int(theirs.version))
    return damaged("too short for a version");
  if (theirs.version != protocol_version)
    return theirs;
  std::uint8_t role = 0;
  if (!reader.read_int(role) || !reader.read_int(theirs.incarnation)
      || !read_text(reader, theirs.build) || !read_text(reader, theirs.node)
      || !read_text(reader, theirs.worker) || !read_text(reader, theirs.token)
      || !reader.finished())
    return damaged("its fields cannot be read");
  theirs.role = static_cast<link_role>(role);
  if (theirs.role != link_role::control && theirs.role != link_role::data)
    return damaged("a link of no known role");
  if (theirs.node.empty())
    return damaged("the node is empty");
  return theirs;
}

expected<void> check_handshake(const handshake& own, const handshake& theirs) {
  if (theirs.version != own.version)
    return error{error_code::incompatible,
                 "the peer speaks version " + std::to_string(theirs.version)
                   + " of the link protocol, this process (build " + own.build
                   + ") version " + std::to_string(own.version)
                   + "; run the same release on all nodes",
                 error_severity::fatal};
  if (theirs.node == own.node && theirs.worker == own.worker)
    return error{error_code::invalid_argument,
                 "the peer has the identity of this process (node " + own.node
                   + ", worker '" + own.worker
                   + "'): it was reached by its own address, or two have the "
                     "same name",
                 error_severity::fatal};
  return {};
}

bool knows_token(const std::string& secret, const handshake& theirs) noexcept {
  if (secret.size() != theirs.token.size())
    return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < secret.size(); ++i)
    difference = static_cast<unsigned char>(
      difference
      | (static_cast<unsigned char>(secret[i])
         ^ static_cast<unsigned char>(theirs.token[i])));
  return difference == 0;
}

} // namespace flow::net
