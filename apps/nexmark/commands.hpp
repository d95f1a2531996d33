#pragma once

namespace nexmark {

// The program's commands: arguments as main got them, without the command
// itself; they return the exit code.

/// Runs queries.
int run(int argc, char** argv);

/// Writes events to a file.
int generate(int argc, char** argv);

/// Prints the table that a directory of results describes.
int materialize(int argc, char** argv);

} // namespace nexmark
