#include "backends/filesystem/posix_file_system.hpp"

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "libflow/connectors/files/output_directory.hpp"
#include "libflow/connectors/files/part_writer.hpp"

using namespace flow;

namespace {

struct fixture {
  std::string root;
  posix_file_system files;

  fixture() {
    auto pattern =
      (std::filesystem::temp_directory_path() / "flow-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    root = pattern;
  }

  ~fixture() {
    std::error_code ignored;
    std::filesystem::remove_all(root, ignored);
  }

  [[nodiscard]] std::string at(const std::string& name) const {
    return std::string{root}.append("/").append(name);
  }

  void put(const std::string& name, std::string_view text) {
    auto file = files.create(at(name));
    REQUIRE(file);
    REQUIRE((*file)->append(text));
    REQUIRE((*file)->close());
  }

  std::string get(const std::string& name) {
    auto file = files.open(at(name));
    REQUIRE(file);
    std::string text(*(*file)->size(), '\0');
    auto got = (*file)->read_at(0, text.data(), text.size());
    REQUIRE(got);
    CHECK(*got == text.size());
    return text;
  }
};

/// Numbers that tell where in a file they are.
std::string numbered(std::size_t bytes) {
  std::string result(bytes, '\0');
  for (std::size_t at = 0; at + sizeof at <= bytes; at += sizeof at)
    std::memcpy(result.data() + at, &at, sizeof at);
  return result;
}

/// A small disk mounted on a directory, taken away at the end.
struct small_disk {
  std::string path;
  bool mounted;

  explicit small_disk(std::string at)
    : path(std::move(at)),
      mounted(::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=64k") == 0) {}
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;
  ~small_disk() {
    if (mounted)
      ::umount2(path.c_str(), MNT_DETACH);
  }
};

} // namespace

TEST_CASE_FIXTURE(
  fixture, "a large file holds what was appended, in pieces of any size") {
  constexpr std::size_t unit = std::size_t{1} << 20;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{5}, unit - 1, unit, unit + 1,
        3 * unit + 777, (std::size_t{17} << 20) + 12'345})
    for (const std::size_t piece :
         {std::size_t{65'551}, unit, 2 * unit + 8, std::size_t{32} << 20}) {
      const auto text = numbered(size);
      auto file = files.create_large(at("large"));
      REQUIRE(file);
      for (std::size_t begin = 0; begin < size; begin += piece)
        REQUIRE((*file)->append(std::string_view{text}.substr(begin, piece)));
      REQUIRE((*file)->sync());
      REQUIRE((*file)->close());
      CHECK((get("large") == text));
      struct stat facts = {};
      REQUIRE(::stat(at("large").c_str(), &facts) == 0);
      // A file system has units of its own.
      CHECK(static_cast<std::size_t>(facts.st_blocks) * 512 <= size + unit / 2);
      REQUIRE(files.remove_file(at("large")));
    }
}

TEST_CASE_FIXTURE(fixture, "a large file goes on after it was synced") {
  const auto text = numbered(std::size_t{5} << 20);
  // In the first unit, at the end of one, and in a later one.
  for (const std::size_t middle : {1'000'003, 1 << 20, 2'000'003}) {
    auto file = files.create_large(at("large"));
    REQUIRE(file);
    REQUIRE((*file)->append(std::string_view{text}.substr(0, middle)));
    REQUIRE((*file)->sync());
    CHECK((get("large") == text.substr(0, middle)));
    REQUIRE((*file)->append(std::string_view{text}.substr(middle)));
    REQUIRE((*file)->close());
    CHECK((get("large") == text));
    CHECK_FALSE(files.create_large(at("large"))); // it stands
    REQUIRE(files.remove_file(at("large")));
  }
}

TEST_CASE_FIXTURE(fixture,
                  "files are created once, read anywhere and removed") {
  put("a", "0123456789");
  CHECK(get("a") == "0123456789");
  auto again = files.create(at("a"));
  REQUIRE_FALSE(again);
  CHECK(
    again.error().text
    == std::string{"cannot create "}.append(at("a")).append(": File exists"));
  auto file = files.open(at("a"));
  char some[4] = {};
  CHECK(*(*file)->read_at(8, some, 4) == 2);
  CHECK(*(*file)->read_at(10, some, 4) == 0);
  CHECK(*files.remove_file(at("a")));
  CHECK_FALSE(*files.remove_file(at("a")));
  CHECK(*files.kind_of(at("a")) == file_kind::none);
}

TEST_CASE_FIXTURE(fixture,
                  "directories are made with those above, listed by name") {
  REQUIRE(files.make_directories(at("x/y/z")));
  REQUIRE(files.make_directories(at("x/y/z/")));
  put("x/b", "");
  put("x/.a", "");
  auto entries = files.list(at("x"));
  REQUIRE(entries);
  REQUIRE(entries->size() == 3);
  CHECK(entries->at(0).name == ".a");
  CHECK(entries->at(2).name == "y");
  CHECK(entries->at(2).kind == file_kind::directory);
  auto through = files.make_directories(at("x/b/c"));
  REQUIRE_FALSE(through);
  CHECK(through.error().text.find("Not a directory") != std::string::npos);
  CHECK_FALSE(*files.remove_empty_directory(at("x")));
  CHECK(*files.remove_empty_directory(at("x/y/z")));
  CHECK_FALSE(*files.remove_empty_directory(at("x/y/z")));
  CHECK_FALSE(files.list(at("nothing")));
}

TEST_CASE_FIXTURE(fixture, "a link never replaces") {
  put("a", "1");
  put("b", "2");
  CHECK_FALSE(*files.link(at("a"), at("b")));
  CHECK(get("b") == "2");
  CHECK(*files.link(at("a"), at("c")));
  CHECK(*files.same_file(at("a"), at("c")));
  CHECK_FALSE(*files.same_file(at("a"), at("b")));
  CHECK_FALSE(*files.same_file(at("a"), at("none")));
  auto missing = files.link(at("none"), at("d"));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == error_code::not_found);
}

TEST_CASE_FIXTURE(fixture,
                  "parts are committed and overwritten on a real disk") {
  REQUIRE(prepare_output_directory(files, at("out"), output_mode::empty));
  REQUIRE(files.make_directories(at("out/results")));
  part_settings settings;
  settings.folder = at("out/results");
  settings.header = "a\n";
  part_writer parts{files, settings};
  REQUIRE(parts.write("1\n"));
  auto pending = parts.pre_commit();
  REQUIRE(pending);
  REQUIRE(commit_part(files, pending->front()));
  REQUIRE(commit_part(files, pending->front()));
  CHECK(get("out/results/part-0-0.csv") == "a\n1\n");
  CHECK_FALSE(prepare_output_directory(files, at("out"), output_mode::empty));
  put("out/notes", "");
  REQUIRE(prepare_output_directory(files, at("out"), output_mode::overwrite));
  CHECK(files.list(at("out"))->size() == 1);
}

TEST_CASE_FIXTURE(fixture, "a full disk is an error with path and reason") {
  small_disk disk{root};
  if (!disk.mounted) {
    MESSAGE("no right to mount: only the disk in memory was tried");
    return;
  }
  REQUIRE(files.make_directories(at("results")));
  part_settings settings;
  settings.folder = at("results");
  settings.header = "a\n";
  part_writer parts{files, settings};
  expected<void> written;
  const std::string rows(8 << 10, 'x');
  for (int i = 0; i < 100 && written; ++i)
    written = parts.write(rows);
  REQUIRE_FALSE(written);
  CHECK(written.error().text
        == std::string{"cannot write "}
             .append(at("results/.part-0-0.csv.0"))
             .append(": No space left on device"));
  REQUIRE(parts.abort());
  CHECK(files.list(at("results"))->empty());
}

TEST_CASE_FIXTURE(
  fixture, "a large file says at the latest with sync that a disk is full") {
  small_disk disk{root};
  if (!disk.mounted) {
    MESSAGE("no right to mount: not tried");
    return;
  }
  const std::string text = std::string{"cannot write "}.append(at("large"))
                           + ": No space left on device";
  for (const std::size_t size :
       {std::size_t{100} << 10, std::size_t{1} << 20}) {
    auto file = files.create_large(at("large"));
    REQUIRE(file);
    auto done = (*file)->append(std::string(size, 'x'));
    if (done)
      done = (*file)->sync();
    REQUIRE_FALSE(done);
    CHECK(done.error().text == text);
    file->reset();
    REQUIRE(files.remove_file(at("large")));
  }
}
