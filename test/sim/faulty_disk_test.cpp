#include "test/sim/faulty_disk.hpp"

#include <doctest/doctest.h>

#include "libflow/checkpoint/checkpoint_files.hpp"

using namespace flow;
using namespace flow::sim;

namespace {

/// A disk whose plan has no faults but the crashes that a test makes.
struct fixture {
  fixture() { plan.end(); }

  void write(const std::string& path, const std::string& text, bool sync) {
    auto file = files->create(path);
    REQUIRE(file);
    REQUIRE((*file)->append(text));
    if (sync)
      REQUIRE((*file)->sync());
    REQUIRE((*file)->close());
  }

  fault_plan plan{1};
  faulty_disk disk{plan, [] { return std::chrono::nanoseconds{0}; },
                   [](std::chrono::milliseconds) {}, [] {}};
  std::shared_ptr<file_system> files = disk.mount();
};

} // namespace

TEST_CASE("what was synced, with its directory, survives a crash") {
  fixture world;
  REQUIRE(world.files->make_directories("/d"));
  world.write("/d/kept", "text", true);
  REQUIRE(world.files->sync_directory("/d"));
  world.disk.crash();
  CHECK(world.disk.files_below("/d")
        == std::map<std::string, std::string>{{"/d/kept", "text"}});
}

TEST_CASE(
  "a checkpoint that was read survives a crash, however it came there") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    fixture world;
    world.plan = fault_plan{seed};
    world.plan.end();
    REQUIRE(world.files->make_directories("/d/chk-1"));
    const auto bytes = encode(checkpoint_metadata{});
    world.write("/d/chk-1/new",
                {reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                true);
    REQUIRE(world.files->sync_directory("/d"));
    REQUIRE(world.files->rename("/d/chk-1/new", metadata_path("/d/chk-1")));
    // Here the process dies; the next one goes on from the checkpoint.
    world.disk.unmount();
    REQUIRE(load_checkpoint(*world.disk.mount(), "/d/chk-1"));
    world.disk.crash();
    CHECK(world.disk.files_below("/d").contains(metadata_path("/d/chk-1")));
  }
}

TEST_CASE("a directory that was made anew survives a crash") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    fixture world;
    world.plan = fault_plan{seed};
    world.plan.end();
    REQUIRE(world.files->make_directories("/d/sub"));
    REQUIRE(world.files->remove_empty_directory("/d/sub"));
    REQUIRE(world.files->make_directories("/d/sub"));
    world.write("/d/sub/kept", "text", true);
    REQUIRE(world.files->sync_directory("/d/sub"));
    world.disk.crash();
    CHECK(world.disk.files_below("/d").contains("/d/sub/kept"));
  }
}

TEST_CASE("a crash may forget names and bytes that were not synced") {
  bool name_lost = false;
  bool bytes_lost = false;
  bool kept = false;
  for (int i = 0; i < 500; ++i) {
    fixture world;
    world.plan = fault_plan{static_cast<std::uint64_t>(i)};
    world.plan.end();
    REQUIRE(world.files->make_directories("/d"));
    world.write("/d/a", "0123456789", false);
    world.disk.crash();
    const auto left = world.disk.files_below("/d");
    name_lost |= left.empty();
    bytes_lost |= !left.empty() && left.at("/d/a").size() < 10;
    kept |= !left.empty() && left.at("/d/a").size() == 10;
  }
  CHECK(name_lost);
  CHECK(bytes_lost);
  CHECK(kept);
}

TEST_CASE("syncing a file does not sync its name, nor the other way round") {
  bool nameless = false;
  bool cut = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    fixture world;
    world.plan = fault_plan{seed};
    world.plan.end();
    REQUIRE(world.files->make_directories("/d"));
    world.write("/d/named", "0123456789", false);
    REQUIRE(world.files->sync_directory("/d"));
    world.write("/d/nameless", "x", true);
    world.disk.crash();
    const auto left = world.disk.files_below("/d");
    REQUIRE(left.contains("/d/named"));
    cut |= left.at("/d/named").size() < 10;
    nameless |= !left.contains("/d/nameless");
  }
  CHECK(cut);
  CHECK(nameless);
}

TEST_CASE("changes of a directory are forgotten from the last one back") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    fixture world;
    world.plan = fault_plan{seed};
    world.plan.end();
    REQUIRE(world.files->make_directories("/d"));
    for (const std::string name : {"0", "1", "2", "3"})
      world.write("/d/" + name, "", true);
    REQUIRE(world.files->remove_file("/d/0"));
    world.disk.crash();
    const auto left = world.disk.files_below("/d");
    for (int name = 1; name < 4; ++name)
      if (left.contains("/d/" + std::to_string(name)))
        for (int before = 1; before < name; ++before)
          CHECK(left.contains("/d/" + std::to_string(before)));
    if (!left.contains("/d/0")) // its removal was the last change
      CHECK((left.empty() || left.contains("/d/3")));
  }
}

TEST_CASE("a dead process changes nothing") {
  fixture world;
  REQUIRE(world.files->make_directories("/d"));
  auto file = world.files->create("/d/a");
  REQUIRE(file);
  world.disk.unmount();
  CHECK_FALSE((*file)->append("late"));
  CHECK_FALSE(world.files->remove_file("/d/a"));
  CHECK(world.disk.files_below("/d").at("/d/a").empty());
}

TEST_CASE("faults have the operation, the path and the system's text") {
  bool full = false;
  bool failed = false;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    fixture world;
    world.plan = fault_plan{seed};
    for (int i = 0; i < 200; ++i) {
      auto made = world.files->create("/file" + std::to_string(i));
      if (made)
        continue;
      full |= made.error().text
              == "cannot create /file" + std::to_string(i)
                   + ": No space left on device";
      failed |=
        made.error().text
        == "cannot create /file" + std::to_string(i) + ": Input/output error";
    }
  }
  CHECK(full);
  CHECK(failed);
}
