#include "libflow/core/option_set.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

using namespace flow;
using namespace std::chrono_literals;

namespace {

enum class on_error { fail, skip, dead_letter };

// One option of every kind.
struct sample {
  std::string input;
  std::optional<std::string> side;
  std::vector<std::string> tags;
  std::chrono::milliseconds window = 1h;
  double factor = 1.5;
  std::optional<host_port> socket;
  bool updates = false;
  std::uint16_t small = 7;
  std::int64_t base = 0;
  std::uint64_t bytes = 64 * 1024;
  on_error mode = on_error::fail;

  option_set declare() {
    option_set set;
    set.add("input", &input, "FILE", "what to read").required().short_name('i');
    set.add("side", &side, "FILE", "further input");
    set.add("tag", &tags, "TEXT", "a mark");
    set.add("window", &window, "length of a window");
    set.add("factor", &factor, "X", "a factor", 1);
    set.add("socket", &socket, "where from");
    set.add("updates", &updates, "a row per change").short_name('u');
    set.add("small", &small, "N", "a small number");
    set.add("base", &base, "MS", "a start", {-100, 100});
    set.add_size("bytes", &bytes, "how much");
    set.add_choice("on-error", &mode,
                   {{"fail", on_error::fail},
                    {"skip", on_error::skip},
                    {"dead-letter", on_error::dead_letter}},
                   "malformed rows");
    set.add("later", &updates, "later work").built(false);
    set.add("D", &tags, "K=V", "a setting");
    return set;
  }

  std::string parse(const std::vector<std::string>& arguments) {
    option_set set = declare();
    const auto done = set.parse(arguments);
    return done ? "" : done.error().text;
  }
};

} // namespace

TEST_CASE("values of every kind arrive") {
  sample s;
  CHECK(
    s.parse({"--input=a b", "--side",     "",        "--tag",    "x",
             "--tag=y",     "--window",   "90s",     "--factor", "2.25",
             "--socket",    "[::1]:9000", "-u",      "--small",  "65535",
             "--base",      "-100",       "--bytes", "2MiB",     "--on-error",
             "dead-letter", "-Dk=v"})
    == "");
  CHECK(s.input == "a b");
  CHECK(s.side == "");
  CHECK(s.tags == std::vector<std::string>{"x", "y", "k=v"});
  CHECK(s.window == 90s);
  CHECK(s.factor == 2.25);
  CHECK(s.socket == host_port{"::1", 9000});
  CHECK(s.updates);
  CHECK(s.small == 65535);
  CHECK(s.base == -100);
  CHECK(s.bytes == 2 * 1024 * 1024);
  CHECK(s.mode == on_error::dead_letter);
}

TEST_CASE("what is not given keeps its default") {
  sample s;
  CHECK(s.parse({"-i", "-"}) == "");
  CHECK(s.input == "-");
  CHECK(s.window == 1h);
  CHECK_FALSE(s.side.has_value());
  CHECK(s.mode == on_error::fail);
}

TEST_CASE("a short option takes its value from the same or the next word") {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"-ifile"}, {"-i", "file"}}) {
    sample s;
    CHECK(s.parse(arguments) == "");
    CHECK(s.input == "file");
  }
}

TEST_CASE("a wrong argument is named, with what to do") {
  struct row {
    std::vector<std::string> arguments;
    const char* text;
  };
  const std::vector<row> rows = {
    {{}, "--input FILE is missing (what to read)"},
    {{"--inptu", "x"}, "unknown option '--inptu'; did you mean '--input'?"},
    {{"--inptu=x"}, "unknown option '--inptu'; did you mean '--input'?"},
    {{"--zzzzzzzzzzz"}, "unknown option '--zzzzzzzzzzz'"},
    {{"-x"}, "unknown option '-x'"},
    {{"--D", "k=v"}, "unknown option '--D'; did you mean '-D'?"},
    {{"--"}, "unknown option '--'"},
    {{"file"}, "unexpected argument 'file'"},
    {{""}, "unexpected argument ''"},
    {{"--input"}, "--input needs a value: --input FILE"},
    {{"-i"}, "--input needs a value: --input FILE"},
    {{"--input", "--updates"}, "--input needs a value: --input FILE"},
    {{"--input", "a", "-i", "b"}, "--input is given twice"},
    {{"--updates=yes"}, "--updates takes no value"},
    {{"-uyes"}, "--updates takes no value"},
    {{"--later"}, "--later is not built yet in this version"},
    {{"--small", "65536"},
     "--small: '65536' is not an integer from 0 to 65535"},
    {{"--small", "-1"}, "--small: '-1' is not an integer from 0 to 65535"},
    {{"--base", "101"}, "--base: '101' is not an integer from -100 to 100"},
    {{"--base", "1.5"}, "--base: '1.5' is not an integer from -100 to 100"},
    {{"--base", ""}, "--base: '' is not an integer from -100 to 100"},
    {{"--base", "99999999999999999999"},
     "--base: '99999999999999999999' is not an integer from -100 to 100"},
    {{"--factor", "0.5"}, "--factor: '0.5' is not a number of at least 1"},
    {{"--factor", "nan"}, "--factor: 'nan' is not a number of at least 1"},
    {{"--socket", "host"}, "--socket: 'host' is not HOST:PORT"},
    {{"--socket", "host:65536"}, "--socket: 'host:65536' is not HOST:PORT"},
    {{"--socket", "::1:80"}, "--socket: '::1:80' is not HOST:PORT"},
    {{"--on-error", "skp"},
     "--on-error: 'skp' is not one of fail, skip, dead-letter; did you mean "
     "'skip'?"},
    {{"--on-error", "explode"},
     "--on-error: 'explode' is not one of fail, skip, dead-letter"},
  };
  for (const row& r : rows) {
    sample s;
    CHECK(s.parse(r.arguments) == r.text);
  }
}

TEST_CASE("a wrong duration or size names its option") {
  sample s;
  CHECK(s.parse({"-ix", "--window", "5x"}).starts_with("--window: "));
  CHECK(s.parse({"-iy", "--bytes", "5 MB"}).starts_with("--bytes: "));
}

TEST_CASE("rules over several options are asked last") {
  sample s;
  option_set set = s.declare();
  set.check([&]() -> expected<void> {
    if (s.updates && s.small < 10)
      return error{error_code::invalid_argument, "--updates wants ten"};
    return {};
  });
  const std::vector<std::string> wrong = {"-ix", "-u"};
  const auto done = set.parse(wrong);
  REQUIRE_FALSE(done);
  CHECK(done.error().text == "--updates wants ten");
  CHECK(done.error().code == error_code::invalid_argument);
}

TEST_CASE("help shows every option with its default and stays in 80 columns") {
  sample s;
  const std::string help = s.declare().help();
  CHECK(help.starts_with("  -i, --input FILE            what to read "
                         "(required)\n"));
  CHECK(help.find("      --window DURATION       length of a window (default "
                  "1h)\n")
        != std::string::npos);
  CHECK(help.find("      --on-error fail|skip|dead-letter\n"
                  "                              malformed rows (default "
                  "fail)\n")
        != std::string::npos);
  CHECK(help.find("  -D K=V                      a setting\n")
        != std::string::npos);
  CHECK(help.find("later work [not built yet]\n") != std::string::npos);
}

TEST_CASE("long texts are broken between words") {
  std::string out(10, '.');
  append_wrapped(out, std::string(35, 'a') + " " + std::string(34, 'b') + " c",
                 10);
  CHECK(out
        == std::string(10, '.') + std::string(35, 'a') + " "
             + std::string(34, 'b') + "\n" + std::string(10, ' ') + "c\n");
}
