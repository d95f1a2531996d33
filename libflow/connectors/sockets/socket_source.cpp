#include "libflow/connectors/sockets/socket_source.hpp"

#include <algorithm>
#include <chrono>

namespace flow {

namespace {

/// How long a poll waits for a line. The subtask cannot look at its mailbox
/// meanwhile, so that a barrier or a cancel waits as long: the more, the longer
/// nothing has come, so that a quiet connection costs next to nothing.
constexpr std::chrono::milliseconds least_patience{20};
constexpr std::chrono::milliseconds most_patience{500};
constexpr std::chrono::milliseconds patience_for_connection{10'000};

class socket_reader final : public source_reader<text> {
public:
  explicit socket_reader(socket_address address)
    : address_(std::move(address)) {}

  expected<void> open(source_context&) override {
    return socket_.connect(address_, patience_for_connection);
  }

  expected<poll_result> poll(record_batch<text>& out,
                             std::size_t room) override {
    // Waits for the first line alone: what came before goes on at once.
    auto patience = patience_;
    std::string_view line;
    for (; room > 0 && !out.at_target(); --room) {
      switch (socket_.next(line, patience)) {
      case socket_status::line:
        out.append(text::borrow(line), min_timestamp);
        patience = std::chrono::milliseconds{0};
        patience_ = least_patience;
        break;
      case socket_status::quiet:
        if (patience.count() == 0)
          return poll_result{};
        patience_ = std::min(patience_ * 2, most_patience);
        return poll_result{poll_status::waiting, std::chrono::milliseconds{0}};
      case socket_status::end:
      case socket_status::stopped:
        return poll_result{poll_status::finished, {}};
      case socket_status::failed:
        return socket_.failure();
      }
    }
    return poll_result{};
  }

  void stop() override { socket_.stop(); }

private:
  socket_address address_;
  line_socket socket_;
  std::chrono::milliseconds patience_ = least_patience;
};

} // namespace

std::unique_ptr<source_reader<text>> socket_source::make_reader() const {
  return std::make_unique<socket_reader>(address_);
}

} // namespace flow
