#include <fstream>
#include <iostream>

#include "apps/nexmark/binary_events.hpp"
#include "apps/nexmark/commands.hpp"
#include "apps/nexmark/json_events.hpp"
#include "apps/nexmark/settings.hpp"

namespace nexmark {

namespace {

enum class file_format : std::uint8_t { ndjson, binary };

struct generate_settings {
  std::uint64_t events = default_events;
  generator_config generator;
  file_format format = file_format::ndjson;
  std::string output;
  bool help = false;
};

constexpr std::string_view about =
  "usage: nexmark generate --output FILE [options]\n\n"
  "Writes events, one JSON object a line, or in binary, which is read faster:\n"
  "--input of a run takes both.\n\n";

flow::option_set options_of(generate_settings& to) {
  flow::option_set options;
  options.add("output", &to.output, "FILE", "file to write");
  add_generator_options(options, to.events, to.generator);
  options.add_choice(
    "format", &to.format,
    {{"ndjson", file_format::ndjson}, {"binary", file_format::binary}},
    "what the file holds");
  options.add("help", &to.help, "prints this and ends").short_name('h');
  options.check([&to]() -> flow::expected<void> {
    if (to.help || !to.output.empty())
      return {};
    return flow::error{flow::error_code::invalid_argument,
                       "--output is missing: the file to write"};
  });
  return options;
}

/// Calls f(event) for all.
template <class F>
void for_each_event(const generate_settings& wanted, F&& f) {
  generator maker{wanted.generator};
  event each;
  for (std::uint64_t i = 0; i < wanted.events; ++i) {
    maker.make(i, each);
    f(std::as_const(each));
  }
}

void write_lines(const generate_settings& wanted, std::ostream& to) {
  constexpr std::size_t buffer_bytes = std::size_t{1} << 20;
  std::string buffer;
  for_each_event(wanted, [&](const event& each) {
    append_json(each, buffer);
    if (buffer.size() < buffer_bytes)
      return;
    to << buffer;
    buffer.clear();
  });
  to << buffer;
}

void write_binary(const generate_settings& wanted, std::ostream& to) {
  binary_event_writer events{to};
  for_each_event(wanted, [&](const event& each) { events.add(each); });
  events.finish();
}

bool write_events(const generate_settings& wanted, std::ostream& to) {
  if (wanted.format == file_format::ndjson)
    write_lines(wanted, to);
  else
    write_binary(wanted, to);
  to.flush();
  return to.good();
}

} // namespace

int generate(int argc, char** argv) {
  generate_settings wanted;
  auto options = options_of(wanted);
  const std::vector<std::string> arguments{argv + 1, argv + argc};
  if (auto parsed = options.parse(arguments); !parsed) {
    std::cerr << "nexmark generate: " << parsed.error().text << '\n';
    return flow::to_int(flow::exit_code::usage);
  }
  if (wanted.help) {
    std::cout << about << options.help();
    return flow::to_int(flow::exit_code::ok);
  }
  std::ofstream file{wanted.output, std::ios::binary};
  if (!file || !write_events(wanted, file)) {
    std::cerr << "nexmark generate: " << wanted.output
              << ": the file cannot be written\n";
    return flow::to_int(flow::exit_code::failed);
  }
  return flow::to_int(flow::exit_code::ok);
}

} // namespace nexmark
