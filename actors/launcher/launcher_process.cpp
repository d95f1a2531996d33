/// The launcher process. It comes out of a fork of a process that may have
/// threads, so nothing here allocates, locks or uses stdio: system calls and
/// memory of its own alone.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "actors/launcher/launcher_protocol.hpp"

namespace flow::launching {

namespace {

constexpr int none = -1;

void close_if_open(int& descriptor) noexcept {
  if (descriptor != none)
    close(descriptor);
  descriptor = none;
}

/// What a worker writes to one of its standard streams, passed on in whole
/// lines, so that lines of several workers do not mix.
struct stream {
  int from = none;
  int to = none;
  std::size_t size = 0;
  std::array<char, 16 * 1024> held{};

  [[nodiscard]] bool full() const noexcept { return size == held.size(); }

  /// Bytes that may be passed on now: whole lines, or all of a long one.
  [[nodiscard]] std::size_t ready(bool at_end) const noexcept {
    if (at_end || full())
      return size;
    for (std::size_t i = size; i > 0; --i)
      if (held[i - 1] == '\n')
        return i;
    return 0;
  }

  void drop(std::size_t count) noexcept {
    std::memmove(held.data(), held.data() + count, size - count);
    size -= count;
  }
};

struct tail_of_stream {
  std::array<char, max_tail_bytes> bytes{};
  std::size_t size = 0;

  void add(const char* data, std::size_t count) noexcept {
    if (count >= bytes.size()) {
      std::memcpy(bytes.data(), data + (count - bytes.size()), bytes.size());
      size = bytes.size();
      return;
    }
    const std::size_t kept = std::min(size, bytes.size() - count);
    std::memmove(bytes.data(), bytes.data() + (size - kept), kept);
    std::memcpy(bytes.data() + kept, data, count);
    size = kept + count;
  }
};

struct worker {
  pid_t pid = 0; ///< 0: not running
  std::uint32_t incarnation = 0;
  int handle = none; ///< pidfd
  stream out;
  stream err;
  tail_of_stream tail;
};

/// All of it is here, zeroed by the loader and written by nobody before the
/// fork.
struct launcher_state {
  plan given;
  std::array<worker, max_workers> workers;
  stream* writing = nullptr; ///< whose lines are half written
  command received;
};
launcher_state state;

void tell(const event& what) noexcept {
  while (send(state.given.socket, &what, sizeof what, MSG_NOSIGNAL) < 0
         && errno == EINTR) {
  }
}

// -- starting -----------------------------------------------------------------

struct pipes {
  std::array<int, 2> spec{none, none};
  std::array<int, 2> out{none, none};
  std::array<int, 2> err{none, none};

  [[nodiscard]] bool open() noexcept {
    return pipe2(spec.data(), O_CLOEXEC) == 0
           && pipe2(out.data(), O_CLOEXEC) == 0
           && pipe2(err.data(), O_CLOEXEC) == 0;
  }
  void close_all() noexcept {
    for (auto* pair : {&spec, &out, &err})
      for (int& each : *pair)
        close_if_open(each);
  }
};

/// In the new process, up to the program's start.
[[noreturn]] void become_worker(const pipes& with, pid_t launcher) noexcept {
  constexpr int cannot_start = 127;
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != launcher)
    _exit(cannot_start); // it died before prctl could notice
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  signal(SIGUSR1, SIG_DFL);
  signal(SIGPIPE, SIG_DFL);
  const int nothing = open("/dev/null", O_RDONLY);
  // Pipes have numbers above those that they get here: 0 to 2 are taken.
  if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0
      || dup2(with.out[1], STDOUT_FILENO) < 0
      || dup2(with.err[1], STDERR_FILENO) < 0
      || dup2(with.spec[0], spec_descriptor) < 0)
    _exit(cannot_start);
  close_range(spec_descriptor + 1, ~0U, 0);
  execve("/proc/self/exe", state.given.arguments, state.given.environment);
  _exit(cannot_start);
}

int pidfd_of(pid_t pid) noexcept {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

bool launch(worker& into, const command& how) noexcept {
  pipes fresh;
  if (!fresh.open()
      || write(fresh.spec[1], how.spec.data(), how.spec_bytes)
           != static_cast<ssize_t>(how.spec_bytes)) {
    fresh.close_all();
    return false;
  }
  const pid_t launcher = getpid();
  const pid_t pid = fork();
  if (pid == 0)
    become_worker(fresh, launcher);
  if (pid > 0) {
    setpgid(pid, pid); // whoever is first
    into.pid = pid;
    into.incarnation = how.incarnation;
    into.handle = pidfd_of(pid);
    into.tail.size = 0;
    into.out.from = std::exchange(fresh.out[0], none);
    into.err.from = std::exchange(fresh.err[0], none);
    into.out.to = STDOUT_FILENO;
    into.err.to = STDERR_FILENO;
    fcntl(into.out.from, F_SETFL, O_NONBLOCK);
    fcntl(into.err.from, F_SETFL, O_NONBLOCK);
  }
  const int why = errno;
  fresh.close_all();
  errno = why;
  return pid > 0;
}

void start(const command& how) noexcept {
  worker& each = state.workers[how.worker];
  event what;
  what.worker = how.worker;
  what.incarnation = how.incarnation;
  if (each.pid != 0)
    errno = EBUSY;
  if (each.pid == 0 && launch(each, how)) {
    what.what = event::kind::started;
    what.pid = each.pid;
  } else {
    what.what = event::kind::not_started;
    what.status = errno;
  }
  tell(what);
}

// -- what workers write -------------------------------------------------------

/// Reads what is there. @return false at the end of the stream
bool read_from(stream& from, tail_of_stream* tail) noexcept {
  while (!from.full()) {
    const ssize_t count = read(from.from, from.held.data() + from.size,
                               from.held.size() - from.size);
    if (count < 0)
      return errno == EAGAIN || errno == EINTR;
    if (count == 0)
      return false;
    if (tail != nullptr)
      tail->add(from.held.data() + from.size, static_cast<std::size_t>(count));
    from.size += static_cast<std::size_t>(count);
  }
  return true;
}

/// Passes on at most what a pipe takes without blocking.
void write_to(stream& what, bool at_end) noexcept {
  constexpr std::size_t most = 4096; // PIPE_BUF
  const std::size_t count = std::min(what.ready(at_end), most);
  const ssize_t done = write(what.to, what.held.data(), count);
  if (done < 0 && errno == EINTR)
    return;
  // Nobody reads it any more: it is dropped, the job goes on.
  what.drop(done < 0 ? what.size : static_cast<std::size_t>(done));
  state.writing = what.ready(at_end) > 0 ? &what : nullptr;
}

void read_all(stream& from, tail_of_stream* tail) noexcept {
  if (from.from == none)
    return;
  do {
    if (!read_from(from, tail))
      close_if_open(from.from);
    while (from.ready(true) > 0)
      write_to(from, true);
    if (from.from == none)
      return;
    pollfd more{from.from, POLLIN, 0};
    if (poll(&more, 1, 0) <= 0)
      break;
  } while (true);
  close_if_open(from.from);
}

// -- the end of workers -------------------------------------------------------

double seconds_of(const timeval& time) noexcept {
  return static_cast<double>(time.tv_sec)
         + static_cast<double>(time.tv_usec) * 1e-6;
}

void reap(worker& each) noexcept {
  event what;
  what.what = event::kind::ended;
  what.worker = static_cast<std::uint32_t>(&each - state.workers.data());
  what.incarnation = each.incarnation;
  what.pid = each.pid;
  rusage used{};
  int status = 0;
  while (wait4(each.pid, &status, 0, &used) < 0 && errno == EINTR) {
  }
  kill(-each.pid, SIGKILL); // what it has started itself
  read_all(each.out, nullptr);
  read_all(each.err, &each.tail);
  close_if_open(each.handle);
  each.pid = 0;
  what.status = status;
  what.cpu_seconds = seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
  what.peak_rss_bytes = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
  what.tail_bytes = static_cast<std::uint32_t>(each.tail.size);
  std::memcpy(what.tail.data(), each.tail.bytes.data(), each.tail.size);
  tell(what);
}

void kill_worker(const worker& each) noexcept {
  if (each.pid != 0)
    kill(-each.pid, SIGKILL);
}

[[noreturn]] void end_all() noexcept {
  for (const worker& each : state.workers)
    kill_worker(each);
  for (worker& each : state.workers)
    if (each.pid != 0)
      reap(each);
  _exit(0);
}

// -- the loop -----------------------------------------------------------------

void take_command() noexcept {
  const ssize_t count =
    recv(state.given.socket, &state.received, sizeof state.received, 0);
  if (count < 0 && errno == EINTR)
    return;
  if (count != static_cast<ssize_t>(sizeof state.received)
      || state.received.worker >= max_workers
      || state.received.spec_bytes > max_spec_bytes)
    end_all(); // the job is gone
  switch (state.received.what) {
  case command::kind::start:
    start(state.received);
    break;
  case command::kind::kill:
    if (state.workers[state.received.worker].incarnation
        == state.received.incarnation)
      kill_worker(state.workers[state.received.worker]);
    break;
  }
}

/// What the loop waits for: the job, then handle, out and err of each worker,
/// then the own stdout and stderr.
constexpr std::size_t polled_count = 1 + 3 * max_workers + 2;

struct poll_set {
  std::array<pollfd, polled_count> entries;
  std::size_t size = 0;

  std::size_t add(int descriptor, short events) noexcept {
    entries[size] = {descriptor, events, 0};
    return size++;
  }
  [[nodiscard]] bool hit(std::size_t at) const noexcept {
    return entries[at].revents != 0;
  }
};
poll_set polled;

stream* waiting_for(int target) noexcept {
  if (state.writing != nullptr && state.writing->to == target)
    return state.writing;
  for (worker& each : state.workers)
    for (stream* one : {&each.out, &each.err})
      if (one->to == target && one->ready(false) > 0)
        return one;
  return nullptr;
}

void wait_and_serve() noexcept {
  polled.size = 0;
  polled.add(state.given.socket, POLLIN);
  for (const worker& each : state.workers) {
    polled.add(each.pid != 0 ? each.handle : none, POLLIN);
    polled.add(each.out.full() ? none : each.out.from, POLLIN);
    polled.add(each.err.full() ? none : each.err.from, POLLIN);
  }
  std::array<stream*, 2> writable{waiting_for(STDOUT_FILENO),
                                  waiting_for(STDERR_FILENO)};
  for (int target = STDOUT_FILENO; target <= STDERR_FILENO; ++target)
    polled.add(writable[static_cast<std::size_t>(target - 1)] ? target : none,
               POLLOUT);
  if (poll(polled.entries.data(), polled.size, -1) < 0)
    return;
  for (std::size_t i = 0; i < writable.size(); ++i)
    if (writable[i] != nullptr && polled.hit(polled.size - 2 + i))
      write_to(*writable[i], false);
  for (std::size_t i = 0; i < max_workers; ++i) {
    worker& each = state.workers[i];
    if (polled.hit(2 + 3 * i) && !read_from(each.out, nullptr))
      close_if_open(each.out.from);
    if (polled.hit(3 + 3 * i) && !read_from(each.err, &each.tail))
      close_if_open(each.err.from);
    if (polled.hit(1 + 3 * i))
      reap(each);
  }
  if (polled.hit(0))
    take_command();
}

} // namespace

void run_launcher(const plan& what) noexcept {
  setpgid(0, 0); // a Ctrl-C is the job's to handle
  signal(SIGPIPE, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGUSR1, SIG_IGN);
  signal(SIGCHLD, SIG_DFL);
  sigset_t nothing;
  sigemptyset(&nothing);
  sigprocmask(SIG_SETMASK, &nothing, nullptr); // whichever thread it was
  prctl(PR_SET_NAME, "flow-launcher");
  state.given = what;
  // Descriptors of the job's are not the workers'.
  if (dup2(what.socket, spec_descriptor) >= 0)
    state.given.socket = spec_descriptor;
  close_range(spec_descriptor + 1, ~0U, 0);
  fcntl(spec_descriptor, F_SETFD, FD_CLOEXEC);
  for (;;)
    wait_and_serve();
}

} // namespace flow::launching
