#include "libflow/api/print_sink.hpp"

#include <iostream>
#include <mutex>

namespace flow::detail {

namespace {

std::mutex output_mutex;

expected<void> check() {
  if (std::cout)
    return {};
  return error{error_code::io, "cannot write to standard output"};
}

} // namespace

void print_output::open(const runtime_context& context) {
  if (context.parallelism() > 1)
    prefix_ = std::to_string(context.subtask_index() + 1) + "> ";
}

expected<void> print_output::write(const std::string& lines) {
  const std::lock_guard guard{output_mutex};
  std::cout.write(lines.data(), static_cast<std::streamsize>(lines.size()));
  return check();
}

expected<void> print_output::flush() {
  const std::lock_guard guard{output_mutex};
  std::cout.flush();
  return check();
}

} // namespace flow::detail
