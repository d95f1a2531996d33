#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "libflow/connectors/transactions/write_ahead_sink.hpp"

namespace flow {

/// A connection to tools/services/transaction_store: one request, one answer.
/// Blocks. A connection that ended is an error of that request alone; the next
/// dials again.
/// Owner: a sink's writer. @thread the owner's alone
class store_client {
public:
  explicit store_client(std::uint16_t port) : port_(port) {}
  store_client(const store_client&) = delete;
  store_client& operator=(const store_client&) = delete;
  ~store_client() { hang_up(); }

  /// The answer without its `ok`. Errors: io; not_found for `gone`.
  expected<std::string> ask(const std::string& request) {
    if (auto open = dial(); !open)
      return open.error();
    std::string answer;
    if (!send_all(request + "\n") || !read_line(answer)) {
      const auto failure = lost("no answer");
      hang_up();
      return failure;
    }
    if (answer == "gone")
      return error{error_code::not_found, "the store has dropped it"};
    if (!answer.starts_with("ok"))
      return error{error_code::io, "the store says: " + answer};
    return answer.substr(std::min<std::size_t>(answer.size(), 3));
  }

private:
  [[nodiscard]] static error lost(const std::string& what) {
    return {error_code::io, "store: " + what + ": " + std::strerror(errno)};
  }

  expected<void> dial() {
    if (socket_ >= 0)
      return {};
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to)
        == 0)
      return {};
    const auto failure = lost("no connection");
    hang_up();
    return failure;
  }

  bool send_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent =
        send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0)
        return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  bool read_line(std::string& into) const {
    for (char each = 0; recv(socket_, &each, 1, 0) == 1; into += each)
      if (each == '\n')
        return true;
    return false;
  }

  void hang_up() {
    if (socket_ >= 0)
      close(socket_);
    socket_ = -1;
  }

  const std::uint16_t port_;
  int socket_ = -1;
};

inline std::string with_rows(std::string request,
                             std::span<const std::int64_t> rows) {
  for (const std::int64_t row : rows)
    request += " " + std::to_string(row);
  return request;
}

/// For two_phase_commit_sink. A transaction is its name.
class store_transactions final
  : public transaction_target<std::int64_t, std::string> {
public:
  explicit store_transactions(std::uint16_t port) : store_(port) {}

  expected<std::string> begin(const std::string& name) override {
    if (auto begun = store_.ask("begin " + name); !begun)
      return begun.error();
    return name;
  }
  expected<void> write(std::string& into, std::span<const std::int64_t> values,
                       std::span<const timestamp>) override {
    return done(with_rows("write " + into, values));
  }
  expected<void> pre_commit(std::string& what) override {
    return done("prepare " + what);
  }
  /// What has timed out is lost: that must not pass.
  expected<void> commit(const std::string& what) override {
    auto result = done("commit " + what);
    if (!result && result.error().code == error_code::not_found)
      return error{error_code::io, what + " has timed out in the store",
                   error_severity::fatal};
    return result;
  }
  expected<void> abort(const std::string& what) override {
    return done("abort " + what);
  }
  expected<void> abort_left_over(const std::string& job_and_operator,
                                 std::uint32_t index, std::uint32_t parallelism,
                                 const std::string& run) override {
    auto names = store_.ask("list " + job_and_operator);
    if (!names)
      return names.error();
    std::istringstream words{*names};
    for (std::string name; words >> name;) {
      const std::string rest = name.substr(job_and_operator.size());
      const auto subtask = static_cast<std::uint32_t>(std::stoul(rest));
      if (subtask % parallelism == index
          && rest.find("." + run + ".") == std::string::npos)
        if (auto gone = abort(name); !gone)
          return gone;
    }
    return {};
  }

private:
  expected<void> done(const std::string& request) {
    auto answer = store_.ask(request);
    return answer ? expected<void>{} : expected<void>{answer.error()};
  }

  store_client store_;
};

/// For write_ahead_sink; its commit is one step of the store's.
class store_batches final : public write_ahead_target<std::int64_t> {
public:
  explicit store_batches(std::uint16_t port) : store_(port) {}

  expected<bool> has(const std::string& name) override {
    auto answer = store_.ask("has " + name);
    if (!answer)
      return answer.error();
    return *answer == "yes";
  }
  expected<void> commit(const std::string& name,
                        std::span<const std::int64_t> rows) override {
    auto answer = store_.ask(with_rows("put " + name, rows));
    return answer ? expected<void>{} : expected<void>{answer.error()};
  }

private:
  store_client store_;
};

} // namespace flow
