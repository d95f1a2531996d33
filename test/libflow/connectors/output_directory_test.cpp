#include "libflow/connectors/files/output_directory.hpp"

#include <doctest/doctest.h>

#include "libflow/connectors/files/part_writer.hpp"
#include "test/libflow/connectors/memory_file_system.hpp"
#include "test/support/failing_file_system.hpp"

using namespace flow;
using flow::test::memory_file_system;

namespace {

std::string names_of(memory_file_system& files) {
  std::string names;
  for (const auto& file : files.files)
    names += file.first + " ";
  return names;
}

part_settings settings_for(memory_file_system& files) {
  REQUIRE(files.make_directories("out/results"));
  part_settings settings;
  settings.folder = "out/results";
  settings.subtask = 3;
  settings.tag = "a0";
  settings.header = "k,v\n";
  return settings;
}

} // namespace

TEST_CASE("names of parts are read as they are written, and no others") {
  part_id id{12, 345678901234};
  CHECK(part_name(id) == "part-12-345678901234.csv");
  CHECK(hidden_part_name(id, "x") == ".part-12-345678901234.csv.x");
  auto visible = parse_part_name(part_name(id));
  REQUIRE(visible);
  CHECK(visible->id == id);
  CHECK_FALSE(visible->hidden);
  auto hidden = parse_part_name(hidden_part_name(id, "x"));
  REQUIRE(hidden);
  CHECK(hidden->id == id);
  CHECK(hidden->hidden);
  for (const auto* other :
       {"", ".", "part-", "part-1.csv", "part-1-2", "part-1-2.csv.x",
        "part-01-2.csv", "part--1-2.csv", "part-1-2.tsv", ".part-1-2.csv",
        ".part-1-2.csv.", "xpart-1-2.csv", "part-99999999999-1.csv", "_SUCCESS",
        "part-1-", "part-1--2.csv"})
    CHECK_MESSAGE(!parse_part_name(other), other);
}

TEST_CASE("an output directory is created, or must be empty") {
  memory_file_system files;
  CHECK(prepare_output_directory(files, "a/b", output_mode::empty));
  CHECK(files.directories.contains("a/b"));
  CHECK(prepare_output_directory(files, "a/b", output_mode::empty));
  files.put("a/b/x", "");
  auto refused = prepare_output_directory(files, "a/b", output_mode::empty);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("--overwrite") != std::string::npos);
  CHECK(refused.error().code == error_code::invalid_argument);
  auto file = prepare_output_directory(files, "a/b/x", output_mode::overwrite);
  REQUIRE_FALSE(file);
  CHECK(file.error().text == "the output directory a/b/x is not a directory");
}

TEST_CASE("overwriting removes what a run wrote, and nothing else") {
  memory_file_system files;
  for (const auto* folder :
       {"out/results", "out/results/dt=1", "out/late", "out/mine"})
    REQUIRE(files.make_directories(folder));
  for (const auto* ours :
       {"out/_SUCCESS", "out/results/part-0-0.csv",
        "out/results/.part-0-1.csv.0", "out/results/_SUCCESS",
        "out/results/dt=1/part-1-1.csv", "out/late/part-1-0.csv"})
    files.put(ours, "");
  files.put("out/notes.txt", "");
  files.put("out/late/mine.csv", "");
  files.put("out/mine/part-0-0.csv", "");
  REQUIRE(prepare_output_directory(files, "out", output_mode::overwrite));
  CHECK(names_of(files)
        == "out/late/mine.csv out/mine/part-0-0.csv out/notes.txt ");
  CHECK_FALSE(files.directories.contains("out/results"));
  CHECK(files.directories.contains("out/late"));
}

TEST_CASE("a directory that a run writes to is nobody else's") {
  memory_file_system files;
  auto running = prepare_output_directory(files, "out", output_mode::empty);
  REQUIRE(running);
  files.put("out/results/part-0-0.csv", "");
  for (auto mode :
       {output_mode::empty, output_mode::overwrite, output_mode::restore}) {
    const auto second = prepare_output_directory(files, "out", mode);
    REQUIRE_FALSE(second);
    CHECK(second.error().text.starts_with(
      "another process writes to the output directory out"));
  }
  CHECK(names_of(files) == "out/results/part-0-0.csv ");
  running->reset();
  CHECK(prepare_output_directory(files, "out", output_mode::restore));
}

TEST_CASE("restoring keeps everything, and the end removes what is hidden") {
  memory_file_system files;
  REQUIRE(files.make_directories("out/results"));
  files.put("out/results/part-0-0.csv", "");
  files.put("out/results/.part-0-1.csv.0", "");
  files.put("out/results/.other", "");
  REQUIRE(prepare_output_directory(files, "out", output_mode::restore));
  CHECK(files.files.size() == 3);
  REQUIRE(remove_hidden_parts(files, "out"));
  CHECK(names_of(files) == "out/results/.other out/results/part-0-0.csv ");
}

TEST_CASE("numbers of parts rise over restarts and over all subtasks") {
  memory_file_system files;
  CHECK(*next_part_number(files, "r") == 0);
  REQUIRE(files.make_directories("r"));
  CHECK(*next_part_number(files, "r") == 0);
  files.put("r/part-0-3.csv", "");
  files.put("r/part-7-11.csv", "");
  files.put("r/.part-1-20.csv.0", "");
  CHECK(*next_part_number(files, "r") == 21);
}

TEST_CASE("hidden parts of former attempts are removed, each by one subtask") {
  memory_file_system files;
  REQUIRE(files.make_directories("r"));
  for (const char* name :
       {"part-0-1.csv", ".part-0-2.csv.old", ".part-2-3.csv.old",
        ".part-1-4.csv.old", ".part-0-5.csv.new", ".other"})
    files.put(std::string{"r/"} + name, "");
  REQUIRE(remove_stale_parts(files, "r", 0, 2, "new"));
  CHECK(names_of(files)
        == "r/.other r/.part-0-5.csv.new r/.part-1-4.csv.old r/part-0-1.csv ");
  REQUIRE(remove_stale_parts(files, "r", 1, 2, "new"));
  CHECK(names_of(files) == "r/.other r/.part-0-5.csv.new r/part-0-1.csv ");
}

TEST_CASE("a part is hidden until it is committed, with its header line") {
  memory_file_system files;
  part_writer parts{files, settings_for(files)};
  REQUIRE(parts.write("a,1\n"));
  REQUIRE(parts.write("b,2\n"));
  CHECK(names_of(files) == "out/results/.part-3-0.csv.a0 ");
  auto pending = parts.pre_commit();
  REQUIRE(pending);
  REQUIRE(pending->size() == 1);
  CHECK(names_of(files) == "out/results/.part-3-0.csv.a0 ");
  REQUIRE(commit_part(files, pending->front()));
  CHECK(names_of(files) == "out/results/part-3-0.csv ");
  CHECK(*files.files["out/results/part-3-0.csv"] == "k,v\na,1\nb,2\n");
}

TEST_CASE("without rows there is no part") {
  memory_file_system files;
  part_writer parts{files, settings_for(files)};
  REQUIRE(parts.write(""));
  CHECK(parts.pre_commit()->empty());
  CHECK(files.files.empty());
}

TEST_CASE("full parts are followed by the next number") {
  memory_file_system files;
  auto settings = settings_for(files);
  settings.first_number = 5;
  settings.roll_bytes = 8;
  part_writer parts{files, settings};
  for (int i = 0; i < 5; ++i)
    REQUIRE(parts.write("a,1\n"));
  auto pending = parts.pre_commit();
  REQUIRE(pending->size() == 3);
  CHECK(pending->at(0).id.number == 5);
  CHECK(pending->at(2).id.number == 7);
  CHECK(parts.next_number() == 8);
}

TEST_CASE("committing again, or after half a commit, changes nothing") {
  memory_file_system files;
  part_writer parts{files, settings_for(files)};
  REQUIRE(parts.write("a,1\n"));
  auto pending = parts.pre_commit();
  const pending_part part = pending->front();
  // The process died between link and unlink.
  REQUIRE(
    files.link("out/results/.part-3-0.csv.a0", "out/results/part-3-0.csv"));
  REQUIRE(commit_part(files, part));
  REQUIRE(commit_part(files, part));
  CHECK(names_of(files) == "out/results/part-3-0.csv ");
}

TEST_CASE("a part that was committed before counts once it is durable") {
  const auto disk = std::make_shared<memory_file_system>();
  test::failing_file_system files{disk};
  part_writer parts{files, settings_for(*disk)};
  REQUIRE(parts.write("a,1\n"));
  auto pending = parts.pre_commit();
  const pending_part part = pending->front();
  constexpr std::size_t sync = 2; // behind link and unlink
  files.fail_at(sync, true, "Input/output error");
  CHECK_FALSE(commit_part(files, part));
  CHECK(names_of(*disk) == "out/results/part-3-0.csv ");
  // Whoever goes on from there finds nothing left to link.
  files.fail_at(1, false, "Input/output error");
  const auto again = commit_part(files, part);
  REQUIRE_FALSE(again);
  CHECK(again.error().text
        == "cannot write to the disk out/results: Input/output error");
  files.work_again();
  CHECK(commit_part(files, part));
}

TEST_CASE("a commit never replaces another file, nor passes over a lost part") {
  memory_file_system files;
  part_writer parts{files, settings_for(files)};
  REQUIRE(parts.write("a,1\n"));
  auto pending = parts.pre_commit();
  files.put("out/results/part-3-0.csv", "other");
  auto refused = commit_part(files, pending->front());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::corrupt_data);
  CHECK(*files.files["out/results/part-3-0.csv"] == "other");
  files.files.clear();
  CHECK_FALSE(commit_part(files, pending->front()));
}

TEST_CASE("a full disk is an error, and nothing half-written is visible") {
  for (std::size_t room = 0; room < 12; ++room) {
    memory_file_system files;
    files.free_bytes = room;
    part_writer parts{files, settings_for(files)};
    auto written = parts.write("a,1\nb,2\n");
    REQUIRE_FALSE(written);
    CHECK(written.error().text
          == "cannot write out/results/.part-3-0.csv.a0: No space left on "
             "device");
    REQUIRE(parts.abort());
    CHECK(files.files.empty());
  }
}

TEST_CASE("a disk that loses what it took fails the first phase") {
  memory_file_system files;
  files.sync_fails = true;
  part_writer parts{files, settings_for(files)};
  REQUIRE(parts.write("a,1\n"));
  auto pending = parts.pre_commit();
  REQUIRE_FALSE(pending);
  CHECK(pending.error().code == error_code::io);
  REQUIRE(parts.abort());
  CHECK(files.files.empty());
}

TEST_CASE("aborting removes what was not handed to a checkpoint") {
  memory_file_system files;
  auto settings = settings_for(files);
  settings.roll_bytes = 8;
  part_writer parts{files, settings};
  REQUIRE(parts.write("a,1\nb,2\n"));
  auto pending = parts.pre_commit();
  REQUIRE(parts.write("c,1\nd,2\n"));
  REQUIRE(parts.write("e,1\n"));
  CHECK(files.files.size() == 3);
  REQUIRE(parts.abort());
  CHECK(names_of(files) == "out/results/.part-3-0.csv.a0 ");
  REQUIRE(abort_part(files, pending->front()));
  REQUIRE(abort_part(files, pending->front()));
  CHECK(files.files.empty());
}
