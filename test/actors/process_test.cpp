#include <doctest/doctest.h>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

/// A program that runs beside the test; what it writes is read.
class child {
public:
  explicit child(std::vector<std::string> arguments) {
    const auto program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path()
      / "silent_job";
    arguments.insert(arguments.begin(), program.string());
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::dup2(ends[1], STDERR_FILENO);
      ::close(ends[0]);
      std::vector<char*> raw;
      for (auto& each : arguments)
        raw.push_back(each.data());
      raw.push_back(nullptr);
      ::setenv("FLOW_LOG_LEVEL", "debug", 1);
      ::execv(program.c_str(), raw.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    from_ = ends[0];
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(from_);
  }

  void signal(int number) const { REQUIRE(::kill(pid_, number) == 0); }

  /// Reads until `wanted` has come, at most 20 s.
  bool reads(const std::string& wanted) {
    const auto until =
      std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (text.find(wanted) == std::string::npos) {
      if (std::chrono::steady_clock::now() > until || !read_some())
        return text.find(wanted) != std::string::npos;
    }
    return true;
  }

  /// Reads to the end; the exit code.
  int wait() {
    while (read_some())
      continue;
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  std::string text;

private:
  bool read_some() {
    pollfd watched{from_, POLLIN, 0};
    if (::poll(&watched, 1, 20'000) <= 0)
      return false;
    char buffer[4096];
    const auto got = ::read(from_, buffer, sizeof buffer);
    if (got <= 0)
      return false;
    text.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  pid_t pid_ = -1;
  int from_ = -1;
};

} // namespace

TEST_CASE("SIGUSR1 prints why each subtask waits, SIGINT ends the job") {
  child job{{"-p", "2"}};
  REQUIRE(job.reads("job is running"));
  job.text.clear();
  job.signal(SIGUSR1);
  REQUIRE(job.reads("print"));
  CHECK(job.reads("waits for its source: no split or no data"));
  CHECK(job.reads("waits for input"));
  CHECK(job.reads("watermark held by input 0 channel 0, from \""));
  job.signal(SIGINT);
  CHECK(job.wait() == 0);
}

TEST_CASE("each job of a program has worker processes of its own") {
  for (const char* processes : {"0", "1", "2"}) {
    CAPTURE(processes);
    child program{
      {"--twice", "-p", "2", "--processes", processes, "--summary", "json"}};
    CHECK(program.wait() == 0);
    INFO(program.text);
    std::map<std::string, int> lines;
    std::istringstream text{program.text};
    int summaries = 0;
    for (std::string line; std::getline(text, line);) {
      const auto prefix = line.find("> "); // of the subtask that prints
      ++lines[prefix == std::string::npos ? line : line.substr(prefix + 2)];
      summaries += line.starts_with('{') ? 1 : 0;
    }
    for (int i = 1; i <= 200; ++i)
      CHECK(lines[std::to_string(i)] == 1);
    CHECK(summaries == 2);
  }
}

TEST_CASE(
  "a source in a worker process waits for one that it is aligned with") {
  child job{{"--aligned", "--processes", "2"}};
  REQUIRE(job.reads("job is running"));
  std::string reports;
  const auto waits = [&reports] {
    return reports.find("waits for sources of its group") != std::string::npos;
  };
  for (int i = 0; i < 100 && !waits(); ++i) {
    job.text.clear();
    job.signal(SIGUSR1);
    REQUIRE(job.reads("fast source"));
    reports += job.text;
  }
  CHECK(waits());
  job.signal(SIGINT); // it stops all the same
  CHECK(job.wait() == 0);
}

TEST_CASE("user code that ignores a cancel is named and ends the process") {
  child job{{"--stuck", "-D", "task.cancellation.timeout=2500ms"}};
  CHECK(job.wait() == 1);
  INFO(job.text);
  CHECK(job.text.find("warn") != std::string::npos);
  CHECK(job.text.find("in operator \"stuck\" for ") != std::string::npos);
  CHECK(job.text.find("operator \"stuck\" ignored its cancel")
        != std::string::npos);
  CHECK(job.text.find("error silent_job") != std::string::npos);
  CHECK(job.text.find("operator \"broken\": no ") != std::string::npos);
}
