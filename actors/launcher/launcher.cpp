#include "actors/launcher/launcher.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
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

/// The arguments of this process as it was started.
expected<std::vector<std::string>> own_arguments() {
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
  return result;
}

std::vector<std::string> worker_environment() {
  std::vector<std::string> result{std::string{worker_variable} + "="
                                  + std::to_string(launching::spec_descriptor)};
  for (char** each = environ; *each != nullptr; ++each)
    if (!std::string_view{*each}.starts_with(worker_variable))
      result.emplace_back(*each);
  return result;
}

void close_if_open(int descriptor) {
  if (descriptor >= 0)
    close(descriptor);
}

int pidfd_of(pid_t process) {
  return static_cast<int>(syscall(SYS_pidfd_open, process, 0));
}

/// Waits for the end of a child. @return how, as wait has it
int end_of(pid_t process) {
  int status = 0;
  while (process > 0 && waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
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

/// What every worker is started with.
class launcher::program {
public:
  program(std::vector<std::string> arguments,
          std::vector<std::string> environment)
    : arguments_(std::move(arguments)), environment_(std::move(environment)) {}

  [[nodiscard]] launching::plan plan(int socket) const {
    return {socket, arguments_.get(), environment_.get()};
  }

private:
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

  const string_list arguments_;
  const string_list environment_;
};

// -- the process that starts workers ------------------------------------------

expected<std::unique_ptr<launcher>> launcher::start(on_exit exited,
                                                    on_lost lost) {
  auto arguments = own_arguments();
  if (!arguments)
    return arguments.error();
  // What main has printed comes before what workers print.
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  auto started = std::make_unique<const program>(std::move(*arguments),
                                                 worker_environment());
  const auto first = fork_helper(*started);
  if (!first)
    return first.error();
  return std::unique_ptr<launcher>{new launcher{
    std::move(started), *first, std::move(exited), std::move(lost)}};
}

expected<launcher::helper> launcher::fork_helper(const program& started) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return system_error("socketpair");
  const pid_t process = fork();
  if (process == 0)
    launching::run_launcher(started.plan(ends[1]));
  const auto failure = system_error("fork");
  close(ends[1]);
  if (process < 0) {
    close(ends[0]);
    return failure;
  }
  return helper{process, ends[0]};
}

launcher::launcher(std::unique_ptr<const program> started, helper first,
                   on_exit exited, on_lost lost)
  : program_(std::move(started)), exited_(std::move(exited)),
    lost_(std::move(lost)), helper_(first), listening_([this] { listen(); }) {}

/// The shut-down of the socket is the helper's sign, and its end is ours.
launcher::~launcher() {
  {
    const std::lock_guard order{orders_};
    ending_ = true;
    shutdown(helper_.socket, SHUT_WR);
  }
  listening_.join();
  end_of(helper_.process);
  close_if_open(helper_.socket);
  for (const auto& [worker, each] : running_)
    close_if_open(each.handle);
}

void launcher::listen() {
  launching::event what;
  for (;;) {
    const ssize_t count = recv(helper_.socket, &what, sizeof what, 0);
    // A reset is told before what was sent earlier.
    if (count < 0 && (errno == EINTR || errno == ECONNRESET))
      continue;
    if (count == static_cast<ssize_t>(sizeof what))
      note(what);
    else if (!replace_helper())
      return;
  }
}

void launcher::note(const launching::event& what) {
  {
    const std::lock_guard guard{mutex_};
    running_worker& of = running_[what.worker];
    if (what.what == launching::event::kind::started) {
      of.process = what.pid;
      of.handle = pidfd_of(what.pid);
      return;
    }
    close_if_open(of.handle);
    running_.erase(what.worker);
  }
  exited_(exit_of(what));
}

/// False: there is none any more.
bool launcher::replace_helper() {
  running_workers orphans;
  std::string how;
  bool replaced = false;
  {
    const std::lock_guard order{orders_};
    if (ending_)
      return false;
    kill(helper_.process, SIGKILL); // if only the sockets are broken
    how = describe(end_of(helper_.process));
    close_if_open(helper_.socket);
    const auto fresh = fork_helper(*program_);
    helper_ = fresh ? *fresh : helper{};
    replaced = fresh.has_value();
    const std::lock_guard guard{mutex_};
    orphans.swap(running_);
  }
  if (!replaced)
    lost_();
  report_orphans(orphans, how);
  return replaced;
}

/// They die with their parent, but not at once; two must never work for the
/// same place.
void launcher::report_orphans(const running_workers& orphans,
                              const std::string& how) {
  for (const auto& [worker, each] : orphans) {
    if (each.process > 0)
      kill(-each.process, SIGKILL); // and what it has started itself
    pollfd end{each.handle, POLLIN, 0};
    while (each.handle >= 0 && poll(&end, 1, -1) < 0 && errno == EINTR) {
    }
    close_if_open(each.handle);
    if (each.process > 0)
      waitpid(each.process, nullptr, WNOHANG); // it may have become a child
    worker_exit gone;
    gone.worker = worker;
    gone.incarnation = each.incarnation;
    gone.how = "died with its launcher, which " + how;
    exited_(gone);
  }
}

// -- orders -------------------------------------------------------------------

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
  bool none = false;
  {
    const std::lock_guard sending{orders_};
    none = helper_.process == 0;
    note_start(worker, incarnation);
    // A helper that is gone is noticed by who listens.
    (void)send(helper_.socket, &order, sizeof order, MSG_NOSIGNAL);
  }
  if (none)
    lost_();
}

void launcher::note_start(std::uint32_t worker, std::uint32_t incarnation) {
  const std::lock_guard guard{mutex_};
  running_[worker].incarnation = incarnation;
}

void launcher::kill_worker(std::uint32_t worker, std::uint32_t incarnation) {
  launching::command order;
  order.what = launching::command::kind::kill;
  order.worker = worker;
  order.incarnation = incarnation;
  const std::lock_guard sending{orders_};
  (void)send(helper_.socket, &order, sizeof order, MSG_NOSIGNAL);
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
