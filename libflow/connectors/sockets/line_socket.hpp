#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "libflow/core/error.hpp"

namespace flow {

/// An address of the command line.
struct socket_address {
  std::string host;
  std::string port;
};

/// `HOST:PORT`, an IPv6 address in brackets; the port is 1 to 65535.
expected<socket_address> parse_socket_address(std::string_view text);

/// What line_socket::next found.
enum class socket_status {
  line,    ///< a line is there
  quiet,   ///< none came in time
  end,     ///< the other side closed; every line was given
  stopped, ///< stop() was called
  failed,  ///< failure() says why
};

/// Lines of text from a TCP connection (what `nc -lk` serves). A line longer
/// than 1 MiB comes in pieces that end between words, so memory is bounded; a
/// word over 16 MiB is a failure. A last line without an end is given when the
/// other side closes or the reader is stopped.
/// Owner: one source reader.
/// @thread its owner's, except stop(): any
class line_socket {
public:
  line_socket();
  line_socket(const line_socket&) = delete;
  line_socket& operator=(const line_socket&) = delete;
  ~line_socket();

  /// Connects to the first address of the host that answers; blocks for at
  /// most `patience` or until stop(), which is the error `cancelled`.
  expected<void> connect(const socket_address& address,
                         std::chrono::milliseconds patience);

  /// The next line without its LF or CRLF, valid until the next call. Waits
  /// for at most `patience`.
  socket_status next(std::string_view& line,
                     std::chrono::milliseconds patience);

  /// Ends a connect() or next() that waits, and all later ones, after the
  /// lines that were received.
  void stop() noexcept;

  /// @pre next() returned failed
  [[nodiscard]] const error& failure() const noexcept { return failure_; }

private:
  enum class wake { ready, timeout, stopped, failed };

  wake wait_for(short events, std::chrono::milliseconds patience);
  expected<void> try_connect(const void* info,
                             std::chrono::milliseconds patience);
  bool take_line(std::string_view& line);
  bool take_piece(std::string_view& line);
  bool take_rest(std::string_view& line);
  error failed(const char* doing, int number) const;

  std::string name_; ///< host:port, for messages
  int socket_ = -1;
  int wake_ = -1;
  std::atomic<bool> stopped_{false};
  bool ended_ = false;
  std::string buffer_;
  std::size_t begin_ = 0;   ///< of the next line in buffer_
  std::size_t scanned_ = 0; ///< no LF between begin_ and here
  error failure_;
};

} // namespace flow
