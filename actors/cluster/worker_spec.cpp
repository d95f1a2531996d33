#include "actors/cluster/worker_spec.hpp"

#include <sstream>

namespace flow {

namespace {

void read_max(std::istream& from, worker_spec& spec) {
  std::uint32_t vertex = 0;
  std::uint32_t most = 0;
  if (from >> vertex >> most)
    spec.max_parallelism[vertex_id{vertex}] = most;
}

} // namespace

std::string to_text(const worker_spec& spec) {
  std::ostringstream text;
  text << "job " << spec.job << "\ntoken " << spec.token << "\nport "
       << spec.control_port << "\nworker " << spec.worker << "\nexecution "
       << spec.execution << '\n';
  for (const auto& [vertex, most] : spec.max_parallelism)
    text << "max " << index_of(vertex) << ' ' << most << '\n';
  return text.str();
}

expected<worker_spec> parse_worker_spec(const std::string& text) {
  worker_spec spec;
  std::istringstream lines{text};
  std::string name;
  std::string job;
  bool counted = false;
  while (lines >> name) {
    if (name == "job")
      lines >> job;
    else if (name == "token")
      lines >> spec.token;
    else if (name == "port")
      lines >> spec.control_port;
    else if (name == "worker")
      lines >> spec.worker;
    else if (name == "execution")
      lines >> spec.execution;
    else if (name == "max")
      read_max(lines, spec);
    else if (name == "incarnation")
      counted = static_cast<bool>(lines >> spec.incarnation);
  }
  const auto id = job_id::parse(job);
  if (!id || spec.token.empty() || spec.control_port == 0 || !counted
      || spec.execution == 0)
    return error{error_code::corrupt_data,
                 "what this worker process was told cannot be read"};
  spec.job = *id;
  return spec;
}

} // namespace flow
