#pragma once

#include <iostream>
#include <string>

#include "libflow/connectors/files/output_directory.hpp"
#include "libflow/flow.hpp"

namespace flow {

/// Prints what went wrong around a job, and gives the exit code for it: 2 when
/// the user asked for something that cannot be done, else 1.
inline int report_failure(const stream_environment& env, const error& why) {
  std::cerr << env.options().job_name << ": " << why.text << '\n';
  return to_int(why.code == error_code::invalid_argument ? exit_code::usage
                                                         : exit_code::failed);
}

/// Runs a job whose sinks write to `directory`: sees to it that the directory
/// holds nothing else before, and nothing unfinished after a run that ended
/// well. With --explain, and in a worker process, nothing is touched.
/// @return the exit code for main
inline int run_into(stream_environment& env, const std::string& directory) {
  if (directory.empty())
    return report_failure(env, {error_code::invalid_argument,
                                "--output: the name of a directory is empty"});
  const std::string identity = identity_of_directory(directory);
  const std::string& checkpoints = env.options().checkpoints.dir;
  if (!checkpoints.empty()
      && identity_of_directory(checkpoints).starts_with(identity))
    return report_failure(
      env, {error_code::invalid_argument,
            "execution.checkpointing.dir: " + checkpoints
              + " lies in the output directory, which is for results alone"});
  env.identify_by(identity);
  if (env.options().explain != explain_format::none || in_worker_process())
    return env.execute();
  const auto files = local_files();
  auto mode = output_mode::empty;
  if (env.options().restore)
    mode = output_mode::restore;
  else if (env.options().overwrite)
    mode = output_mode::overwrite;
  const auto lock = prepare_output_directory(*files, directory, mode);
  if (!lock)
    return report_failure(env, lock.error());
  const int code = env.execute();
  if (code != to_int(exit_code::ok))
    return code;
  if (auto clean = remove_hidden_parts(*files, directory); !clean)
    return report_failure(env, clean.error());
  return code;
}

} // namespace flow
