#include "actors/launcher/launcher.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include "actors/launcher/launcher_protocol.hpp"
#include "libflow/job/worker_process.hpp"

namespace flow {

static_assert(launcher::max_spec_bytes == launching::max_spec_bytes);

namespace {

error system_error(const std::string& what) {
  return {error_code::io, what + ": " + std::strerror(errno)};
}

/// Strings with the null-ended array of pointers that exec takes.
class string_list {
public:
  explicit string_list(std::vector<std::string> strings)
    : strings_(std::move(strings)) {
    for (std::string& each : strings_)
      pointers_.push_back(each.data());
    pointers_.push_back(nullptr);
  }
  [[nodiscard]] char* const* get() const { return pointers_.data(); }

private:
  std::vector<std::string> strings_;
  std::vector<char*> pointers_;
};

/// The arguments of this process as it was started.
expected<string_list> own_arguments() {
  std::ifstream file{"/proc/self/cmdline", std::ios::binary};
  const std::string all{std::istreambuf_iterator<char>{file}, {}};
  if (all.empty())
    return error{error_code::io, "/proc/self/cmdline cannot be read"};
  std::vector<std::string> result;
  for (std::size_t at = 0; at < all.size();) {
    const auto end = std::min(all.find('\0', at), all.size());
    result.push_back(all.substr(at, end - at));
    at = end + 1;
  }
  return string_list{std::move(result)};
}

string_list worker_environment() {
  std::vector<std::string> result{std::string{worker_variable} + "="
                                  + std::to_string(launching::spec_descriptor)};
  for (char** each = environ; *each != nullptr; ++each)
    if (!std::string_view{*each}.starts_with(worker_variable))
      result.emplace_back(*each);
  return string_list{std::move(result)};
}

std::string describe(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return "was killed by signal " + std::to_string(number) + " ("
           + strsignal(number) + ")";
  }
  return "ended with exit code " + std::to_string(WEXITSTATUS(status));
}

worker_exit exit_of(const launching::event& what) {
  worker_exit result;
  result.worker = what.worker;
  result.incarnation = what.incarnation;
  result.started = what.what == launching::event::kind::ended;
  result.how = result.started ? describe(what.status)
                              : "could not be started: "
                                  + std::string{std::strerror(what.status)};
  result.last_log.assign(what.tail.data(), what.tail_bytes);
  result.cpu_seconds = what.cpu_seconds;
  result.peak_rss_bytes = what.peak_rss_bytes;
  return result;
}

} // namespace

expected<std::unique_ptr<launcher>> launcher::start(on_exit exited,
                                                    on_lost lost) {
  const auto arguments = own_arguments();
  if (!arguments)
    return arguments.error();
  const auto environment = worker_environment();
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return system_error("socketpair");
  // What is buffered would be written by both.
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  const pid_t process = fork();
  if (process == 0) {
    launching::run_launcher({ends[1], arguments->get(), environment.get()});
  }
  const auto failure = system_error("fork");
  close(ends[1]);
  if (process < 0) {
    close(ends[0]);
    return failure;
  }
  return std::unique_ptr<launcher>{
    new launcher{ends[0], process, std::move(exited), std::move(lost)}};
}

launcher::launcher(int socket, pid_t process, on_exit exited, on_lost lost)
  : socket_(socket), process_(process), exited_(std::move(exited)),
    lost_(std::move(lost)), listening_([this] { listen(); }) {}

/// The shut-down of the socket is the launcher's sign, and its end is ours.
launcher::~launcher() {
  shutdown(socket_, SHUT_WR);
  listening_.join();
  close(socket_);
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void launcher::listen() {
  launching::event what;
  for (;;) {
    const ssize_t count = recv(socket_, &what, sizeof what, 0);
    if (count < 0 && errno == EINTR)
      continue;
    if (count != static_cast<ssize_t>(sizeof what)) {
      lost_();
      return;
    }
    if (what.what != launching::event::kind::started)
      exited_(exit_of(what));
  }
}

void launcher::start_worker(std::uint32_t worker, std::uint32_t incarnation,
                            const std::string& spec) {
  FLOW_ASSERT(worker < max_workers && spec.size() <= launching::max_spec_bytes,
              "more than a launcher takes");
  launching::command order;
  order.what = launching::command::kind::start;
  order.worker = worker;
  order.incarnation = incarnation;
  order.spec_bytes = static_cast<std::uint32_t>(spec.size());
  std::copy(spec.begin(), spec.end(), order.spec.begin());
  // A launcher that is gone shows in `lost`.
  (void)send(socket_, &order, sizeof order, MSG_NOSIGNAL);
}

void launcher::kill_worker(std::uint32_t worker, std::uint32_t incarnation) {
  launching::command order;
  order.what = launching::command::kind::kill;
  order.worker = worker;
  order.incarnation = incarnation;
  (void)send(socket_, &order, sizeof order, MSG_NOSIGNAL);
}

expected<std::string> inherited_worker_spec() {
  fcntl(launching::spec_descriptor, F_SETFD, FD_CLOEXEC);
  std::string result(launching::max_spec_bytes, '\0');
  const ssize_t count =
    read(launching::spec_descriptor, result.data(), result.size());
  const auto failure = system_error("the worker's spec cannot be read");
  close(launching::spec_descriptor);
  if (count <= 0)
    return failure;
  result.resize(static_cast<std::size_t>(count));
  return result;
}

} // namespace flow
