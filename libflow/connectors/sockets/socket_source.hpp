#pragma once

#include <memory>
#include <string>

#include "libflow/connectors/sockets/line_socket.hpp"
#include "libflow/core/text.hpp"
#include "libflow/functions/source.hpp"

namespace flow {

/// Lines of text from a TCP connection, until the other side closes it or the
/// job is stopped. Runs as one subtask. A failure loses what was received and
/// not processed: nothing can be asked for again.
class socket_source final : public source<text> {
public:
  explicit socket_source(socket_address address)
    : address_(std::move(address)) {}

  [[nodiscard]] std::string kind() const override { return "socket"; }
  [[nodiscard]] bool bounded() const override { return false; }
  [[nodiscard]] replay_guarantee replay() const override {
    return replay_guarantee::at_most_once;
  }
  [[nodiscard]] bool blocking() const override { return true; }
  [[nodiscard]] std::uint32_t required_parallelism() const override {
    return 1;
  }
  [[nodiscard]] std::unique_ptr<source_reader<text>>
  make_reader() const override;

private:
  socket_address address_;
};

} // namespace flow
