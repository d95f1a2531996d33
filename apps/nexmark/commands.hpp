#pragma once

#include <functional>

#include "apps/nexmark/event.hpp"

namespace nexmark {

// The program's commands: arguments as main got them, without the command
// itself; they return the exit code.

/// What a test puts between the events and a query.
using event_stage =
  std::function<flow::data_stream<event>(flow::data_stream<event>)>;

/// Runs queries.
int run(int argc, char** argv, const event_stage& stage = {});

/// Writes events to a file.
int generate(int argc, char** argv);

/// Prints the table that a directory of results describes.
int materialize(int argc, char** argv);

} // namespace nexmark
