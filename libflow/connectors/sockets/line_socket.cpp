#include "libflow/connectors/sockets/line_socket.hpp"

#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>

#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libflow/connectors/files/text_pieces.hpp"
#include "libflow/core/assert.hpp"

namespace flow {

namespace {

constexpr std::size_t receive_bytes = std::size_t{64} << 10;
constexpr std::size_t longest_piece = std::size_t{1} << 20;

} // namespace

expected<socket_address> parse_socket_address(std::string_view text) {
  auto colon = text.rfind(':');
  auto host = text.substr(0, colon);
  auto port = colon == std::string_view::npos ? std::string_view{}
                                              : text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    host = {};
  std::uint16_t number = 0;
  auto done = std::from_chars(port.data(), port.data() + port.size(), number);
  if (host.empty() || done.ec != std::errc{}
      || done.ptr != port.data() + port.size() || number == 0)
    return error{error_code::invalid_argument,
                 std::string{"'"}.append(text).append(
                   "' is not HOST:PORT with a port from 1 to 65535"),
                 error_severity::fatal};
  return socket_address{std::string{host}, std::string{port}};
}

line_socket::line_socket() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  FLOW_ASSERT(wake_ >= 0, "no file descriptor left for a socket");
}

line_socket::~line_socket() {
  if (socket_ >= 0)
    ::close(socket_);
  ::close(wake_);
}

void line_socket::stop() noexcept {
  stopped_.store(true, std::memory_order_release);
  std::uint64_t one = 1;
  // Fails only when the counter is full, and then it wakes all the same.
  [[maybe_unused]] auto written = ::write(wake_, &one, sizeof one);
}

error line_socket::failed(const char* doing, int number) const {
  std::string text{"cannot "};
  text.append(doing).append(" ").append(name_).append(": ");
  text.append(std::generic_category().message(number));
  return {error_code::io, std::move(text), error_severity::retryable};
}

line_socket::wake line_socket::wait_for(short events,
                                        std::chrono::milliseconds patience) {
  pollfd watched[] = {{socket_, events, 0}, {wake_, POLLIN, 0}};
  auto count = ::poll(watched, 2, static_cast<int>(patience.count()));
  if (count < 0)
    return errno == EINTR ? wake::timeout : wake::failed;
  if (watched[1].revents != 0)
    return wake::stopped;
  return count == 0 ? wake::timeout : wake::ready;
}

expected<void> line_socket::try_connect(const void* info,
                                        std::chrono::milliseconds patience) {
  const auto& to = *static_cast<const addrinfo*>(info);
  if (socket_ >= 0)
    ::close(socket_);
  socket_ =
    ::socket(to.ai_family, to.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
             to.ai_protocol);
  if (socket_ < 0)
    return failed("connect to", errno);
  if (::connect(socket_, to.ai_addr, to.ai_addrlen) == 0)
    return {};
  if (errno != EINPROGRESS && errno != EINTR)
    return failed("connect to", errno);
  switch (wait_for(POLLOUT, patience)) {
  case wake::stopped:
    return error{error_code::cancelled, "stopped while connecting",
                 error_severity::fatal};
  case wake::failed:
    return failed("connect to", errno);
  case wake::timeout:
    return failed("connect to", ETIMEDOUT);
  case wake::ready:
    break;
  }
  int number = 0;
  socklen_t size = sizeof number;
  if (::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &number, &size) != 0)
    number = errno;
  return number == 0 ? expected<void>{} : failed("connect to", number);
}

expected<void> line_socket::connect(const socket_address& address,
                                    std::chrono::milliseconds patience) {
  name_ = std::string{address.host}.append(":").append(address.port);
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  auto result =
    ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
  if (result != 0)
    return error{
      error_code::not_found,
      std::string{"cannot find the host of "}.append(name_).append(": ").append(
        ::gai_strerror(result)),
      error_severity::retryable};
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{found,
                                                             &::freeaddrinfo};
  expected<void> last = failed("connect to", EADDRNOTAVAIL);
  for (; found != nullptr; found = found->ai_next) {
    last = try_connect(found, patience);
    if (last || last.error().code == error_code::cancelled)
      break;
  }
  return last;
}

bool line_socket::take_line(std::string_view& line) {
  auto feed = buffer_.find('\n', scanned_);
  if (feed == std::string::npos) {
    scanned_ = buffer_.size();
    return scanned_ - begin_ >= longest_piece && take_piece(line);
  }
  line = std::string_view{buffer_}.substr(begin_, feed - begin_);
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  begin_ = scanned_ = feed + 1;
  return true;
}

bool line_socket::take_piece(std::string_view& line) {
  line = std::string_view{buffer_}.substr(begin_);
  line = line.substr(0, whole_words(line));
  begin_ += line.size();
  return !line.empty();
}

bool line_socket::take_rest(std::string_view& line) {
  line = std::string_view{buffer_}.substr(begin_);
  begin_ = scanned_ = buffer_.size();
  return !line.empty();
}

socket_status line_socket::next(std::string_view& line,
                                std::chrono::milliseconds patience) {
  for (;;) {
    if (take_line(line))
      return socket_status::line;
    if (ended_)
      return take_rest(line) ? socket_status::line : socket_status::end;
    if (stopped_.load(std::memory_order_acquire))
      return take_rest(line) ? socket_status::line : socket_status::stopped;
    if (buffer_.size() - begin_ >= longest_word_bytes) {
      failure_ = word_too_long(name_);
      return socket_status::failed;
    }
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
    auto kept = buffer_.size();
    buffer_.resize(kept + receive_bytes);
    auto got = ::recv(socket_, buffer_.data() + kept, receive_bytes, 0);
    auto number = errno;
    buffer_.resize(kept + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got == 0)
      ended_ = true;
    if (got >= 0 || number == EINTR)
      continue;
    if (number != EAGAIN && number != EWOULDBLOCK) {
      failure_ = failed("read from", number);
      return socket_status::failed;
    }
    auto woken = wait_for(POLLIN, patience);
    if (woken == wake::timeout)
      return socket_status::quiet;
    if (woken == wake::failed) {
      failure_ = failed("wait for", errno);
      return socket_status::failed;
    }
  }
}

} // namespace flow
