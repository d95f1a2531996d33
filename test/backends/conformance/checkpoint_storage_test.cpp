#include <doctest/doctest.h>

#include <functional>

#include "backends/filesystem/filesystem_storage.hpp"
#include "backends/filesystem/posix_file_system.hpp"
#include "backends/memory/memory_storage.hpp"
#include "libflow/checkpoint/checkpoint_files.hpp"
#include "libflow/core/crc32c.hpp"
#include "test/libflow/connectors/memory_file_system.hpp"
#include "test/support/failing_file_system.hpp"
#include "test/support/temporary_folder.hpp"

using namespace flow;
using test::memory_file_system;

namespace {

using bytes = std::vector<std::byte>;

bytes pattern(std::size_t size, int seed) {
  bytes result(size);
  for (std::size_t i = 0; i < size; ++i)
    result[i] = static_cast<std::byte>((i * 31 + i / 251) + seed);
  return result;
}

expected<state_handle> write(checkpoint_storage& to, std::uint64_t id,
                             const std::string& name, const bytes& state) {
  auto output = to.begin_state(id, name);
  if (!output)
    return output.error();
  constexpr std::size_t piece = 5'000;
  for (std::size_t at = 0; at < state.size(); at += piece) {
    const auto count = std::min(piece, state.size() - at);
    if (auto done = (*output)->append(std::span{state}.subspan(at, count));
        !done)
      return done.error();
  }
  return (*output)->finish(crc32c(state));
}

/// A checkpoint with a small and a large state.
expected<std::string> take(checkpoint_storage& to, std::uint64_t id) {
  auto metadata = std::make_shared<checkpoint_metadata>();
  metadata->checkpoint_id = id;
  metadata->job_name = "job";
  auto& vertex = metadata->vertices.emplace_back();
  for (const std::size_t size : {100U, 40'000U}) {
    auto handle = write(to, id, "0-" + std::to_string(vertex.subtasks.size()),
                        pattern(size, static_cast<int>(id)));
    if (!handle)
      return handle.error();
    vertex.subtasks.push_back({subtask_stage::running, std::move(*handle)});
  }
  return to.publish(metadata);
}

/// Whether the checkpoint is there, and whole.
bool is_whole(checkpoint_storage& from, std::uint64_t id) {
  auto loaded = from.load(id);
  if (!loaded)
    return false;
  const auto& subtasks = loaded->metadata->vertices.front().subtasks;
  bool whole = subtasks.size() == 2;
  for (std::size_t i = 0; i < subtasks.size(); ++i) {
    auto state = from.read_state(loaded->location, subtasks[i].state);
    whole = whole && state
            && *state == pattern(i == 0 ? 100 : 40'000, static_cast<int>(id));
  }
  return whole;
}

std::vector<std::uint64_t> published(checkpoint_storage& from) {
  auto ids = from.published();
  REQUIRE(ids);
  return *ids;
}

/// Every backend, each over files of its own.
void for_each_backend(const std::function<void(checkpoint_storage&)>& check) {
  const auto files = std::make_shared<memory_file_system>();
  SUBCASE("memory") {
    memory_storage storage{files};
    check(storage);
  }
  SUBCASE("filesystem") {
    filesystem_storage storage{files, "c/job"};
    check(storage);
  }
}

} // namespace

TEST_CASE("what was published is read back, whole and in order") {
  for_each_backend([](checkpoint_storage& it) {
    CHECK(published(it).empty());
    CHECK(it.begun()->empty());
    REQUIRE(take(it, 3));
    REQUIRE(take(it, 12));
    CHECK((published(it) == std::vector<std::uint64_t>{3, 12}));
    CHECK(is_whole(it, 3));
    CHECK(is_whole(it, 12));
    CHECK(it.begun()->back() == 12);
    const auto none = it.load(4);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == error_code::not_found);
  });
}

TEST_CASE("a state that nobody published is not there") {
  for_each_backend([](checkpoint_storage& it) {
    REQUIRE(write(it, 1, "0-0", pattern(50'000, 1)));
    CHECK(published(it).empty());
    CHECK(it.begun()->back() == 1); // so its number is not used again
    REQUIRE(it.discard(1));
    REQUIRE(it.discard(1));
    REQUIRE(it.discard(77));
  });
}

TEST_CASE("discarding takes away one checkpoint alone") {
  for_each_backend([](checkpoint_storage& it) {
    REQUIRE(take(it, 1));
    REQUIRE(take(it, 2));
    REQUIRE(it.discard(1));
    CHECK((published(it) == std::vector<std::uint64_t>{2}));
    CHECK(is_whole(it, 2));
  });
}

TEST_CASE("the bytes of a checkpoint stay as long as anybody refers to them") {
  constexpr std::size_t large = (std::size_t{3} << 20) + 12'345;
  memory_storage it{std::make_shared<memory_file_system>()};
  const auto take_large = [&](std::uint64_t id) {
    auto handle = write(it, id, "0-0", pattern(large, static_cast<int>(id)));
    REQUIRE(handle);
    auto metadata = std::make_shared<checkpoint_metadata>();
    metadata->checkpoint_id = id;
    metadata->vertices.emplace_back().subtasks.push_back(
      {subtask_stage::running, std::move(*handle)});
    REQUIRE(it.publish(std::move(metadata)));
  };
  take_large(1);
  take_large(2);
  auto first = it.load(1);
  REQUIRE(first);
  const auto handle = first->metadata->vertices[0].subtasks[0].state; // a copy
  REQUIRE(it.discard(1));
  take_large(3); // in memory of its own
  auto second = it.load(2);
  REQUIRE(it.discard(2));
  second = it.load(3); // nobody has the second any more
  take_large(4);       // in the memory of the second
  take_large(5);
  CHECK((*it.read_state({}, handle) == pattern(large, 1)));
  for (const std::uint64_t id : {3, 4, 5}) {
    const auto loaded = it.load(id);
    REQUIRE(loaded);
    CHECK((*it.read_state({}, loaded->metadata->vertices[0].subtasks[0].state)
           == pattern(large, static_cast<int>(id))));
  }
}

TEST_CASE("a checkpoint leaves nothing behind that is not its own") {
  const auto files = std::make_shared<memory_file_system>();
  filesystem_storage it{files, "c/job"};
  REQUIRE(take(it, 1));
  CHECK(files->files.size() == 2); // metadata and the large state
  REQUIRE(it.discard(1));
  CHECK(files->files.empty());
  // An output that was given up takes its file with it.
  {
    auto output = it.begin_state(2, "0-0");
    REQUIRE(output);
    REQUIRE((*output)->append(pattern(50'000, 2)));
    CHECK(files->files.size() == 1);
  }
  CHECK(files->files.empty());
}

TEST_CASE("every changed byte of a checkpoint is found") {
  const auto files = std::make_shared<memory_file_system>();
  filesystem_storage it{files, "c/job"};
  REQUIRE(take(it, 1));
  for (auto& [path, text] : files->files)
    for (std::size_t at = 0; at < text->size(); at += at < 2'000 ? 1 : 97) {
      (*text)[at] = static_cast<char>((*text)[at] ^ 0x40);
      CHECK_FALSE(is_whole(it, 1));
      (*text)[at] = static_cast<char>((*text)[at] ^ 0x40);
    }
  CHECK(is_whole(it, 1));
  for (auto& [path, text] : files->files) {
    const char last = text->back();
    text->pop_back();
    const auto loaded = it.load(1);
    CHECK_FALSE(is_whole(it, 1));
    if (!loaded)
      CHECK(loaded.error().text.starts_with(path));
    text->push_back(last);
  }
}

TEST_CASE("files that are missing or of another checkpoint are damage") {
  const auto files = std::make_shared<memory_file_system>();
  filesystem_storage it{files, "c/job"};
  REQUIRE(take(it, 1));
  REQUIRE(take(it, 2));
  const auto loaded = it.load(2);
  REQUIRE(loaded);
  const auto& large = loaded->metadata->vertices.front().subtasks.back().state;
  const auto damage_of = [](const auto& result) {
    REQUIRE_FALSE(result);
    CHECK(result.error().code == error_code::corrupt_data);
    CHECK(result.error().severity == error_severity::fatal);
    return result.error().text;
  };
  REQUIRE(files->remove_file("c/job/chk-2/" + large.file));
  CHECK(damage_of(it.read_state(loaded->location, large))
          .find("c/job/chk-2/" + large.file)
        != std::string::npos);
  REQUIRE(files->rename("c/job/chk-1/_metadata", "c/job/chk-2/_metadata"));
  CHECK(damage_of(it.load(2))
        == "c/job/chk-2/_metadata: it is that of checkpoint 1");
}

TEST_CASE("a failure or a death at any operation leaves all or nothing") {
  for (const bool dies : {false, true})
    for (const char* why : {"No space left on device", "Input/output error"})
      for (std::size_t operation = 0;; ++operation) {
        const auto disk = std::make_shared<memory_file_system>();
        const auto files = std::make_shared<test::failing_file_system>(disk);
        filesystem_storage it{files, "c/job"};
        REQUIRE(take(it, 1));
        files->fail_at(operation, dies, why);
        const auto done = take(it, 2);
        const bool reached = files->operations() > operation;
        // What the next process finds.
        filesystem_storage next{disk, "c/job"};
        CHECK(is_whole(next, 1));
        for (const std::uint64_t id : published(next))
          CHECK(is_whole(next, id));
        if (done)
          CHECK(is_whole(next, 2));
        else
          CHECK(done.error().text.find(why) != std::string::npos);
        // With room again it works, in the same process too.
        files->work_again();
        if (!dies) {
          REQUIRE(it.discard(2));
          REQUIRE(take(it, 3));
          CHECK(is_whole(next, 3));
        }
        REQUIRE(next.discard(2));
        REQUIRE(take(next, 4));
        CHECK(is_whole(next, 4));
        if (!reached)
          break;
      }
}

TEST_CASE("a death while a checkpoint is removed leaves none that is broken") {
  for (std::size_t operation = 0;; ++operation) {
    const auto disk = std::make_shared<memory_file_system>();
    const auto files = std::make_shared<test::failing_file_system>(disk);
    filesystem_storage it{files, "c/job"};
    REQUIRE(take(it, 1));
    REQUIRE(take(it, 2));
    files->fail_at(operation, true, "dead");
    const auto done = it.discard(1);
    filesystem_storage next{disk, "c/job"};
    for (const std::uint64_t id : published(next))
      CHECK(is_whole(next, id));
    CHECK(is_whole(next, 2));
    if (done)
      break;
    REQUIRE(next.discard(1));
    CHECK((published(next) == std::vector<std::uint64_t>{2}));
  }
}

TEST_CASE("two may remove a checkpoint at once") {
  const temporary_folder in;
  const auto disk = std::make_shared<posix_file_system>();
  const auto files = std::make_shared<test::failing_file_system>(disk);
  filesystem_storage one{files, in.path.string()};
  filesystem_storage other{disk, in.path.string()};
  REQUIRE(take(one, 1));
  files->before_list([&] { CHECK(other.discard(1)); });
  CHECK(one.discard(1));
  CHECK(one.begun().value().empty());
}
