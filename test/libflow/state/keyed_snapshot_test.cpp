#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

#include "libflow/core/crc32c.hpp"
#include "libflow/state/keyed_state.hpp"
#include "test/libflow/state/state_test_support.hpp"

namespace keyed_snapshot_test {

using namespace flow;

namespace {

struct profile {
  std::int32_t visits = 0;
  text last_page;
  std::vector<std::string> tags;
  friend bool operator==(const profile&, const profile&) = default;
};

using profiles = value_state_descriptor<profile>;
using counter = value_state_descriptor<std::int64_t>;
using store_type = keyed_state_store<text>;
using snapshot_list = std::vector<std::vector<std::byte>>;

profile profile_of(std::int32_t number) {
  return {number,
          "page " + std::to_string(number) + " of a long story",
          {std::string(static_cast<std::size_t>(number % 4), 'x'), "tag"}};
}

text key_of(std::int32_t number) {
  return text{"user-" + std::to_string(number * 7919)};
}

/// Stores of one operator at a parallelism, two states each.
struct subtasks {
  explicit subtasks(std::uint32_t parallelism, std::uint32_t max = 128) {
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      stores.push_back(
        std::make_unique<store_type>(range_of(i, parallelism, max), max));
      seen.push_back(stores.back()->value(profiles{"profile"}).value());
      counts.push_back(stores.back()->value(counter{"count"}).value());
    }
  }

  std::size_t select(const text& key) {
    const auto hash = key_hash(key);
    for (std::size_t i = 0; i < stores.size(); ++i)
      if (stores[i]->groups().contains(key_group_of(hash, 128))) {
        stores[i]->select(key, hash);
        return i;
      }
    REQUIRE(false);
    return 0;
  }

  snapshot_list snapshots() {
    snapshot_list result;
    for (auto& store : stores)
      result.push_back(test::bytes_of(store->snapshot()));
    return result;
  }

  void restore(const snapshot_list& old) {
    for (auto& store : stores)
      for (const auto& bytes : old)
        REQUIRE(store->restore(bytes));
  }

  std::vector<std::unique_ptr<store_type>> stores;
  std::vector<value_state<profile>> seen;
  std::vector<value_state<std::int64_t>> counts;
};

void fill(subtasks& all, std::int32_t keys) {
  for (std::int32_t i = 0; i < keys; ++i) {
    const text key = key_of(i);
    const auto at = all.select(key);
    all.seen[at].set(profile_of(i));
    if (i % 3 == 0)
      all.counts[at].set(i);
  }
}

void check_filled(subtasks& all, std::int32_t keys) {
  std::size_t entries = 0;
  for (const auto& store : all.stores)
    entries += store->entry_count();
  CHECK(entries == static_cast<std::size_t>(keys + (keys + 2) / 3));
  for (std::int32_t i = 0; i < keys; ++i) {
    const text key = key_of(i);
    const auto at = all.select(key);
    REQUIRE(all.seen[at].value() == profile_of(i));
    REQUIRE(all.counts[at].has_value() == (i % 3 == 0));
  }
}

std::vector<std::byte> tiny_snapshot() {
  keyed_state_store<std::int32_t> store{{0, 127}, 128};
  auto state = store.value(counter{"n"}).value();
  for (std::int32_t key = 1; key <= 2; ++key) {
    store.select(key, key_hash(key));
    state.set(key * 256);
  }
  return test::bytes_of(store.snapshot());
}

/// Gives every block whose length still fits the checksum of its contents.
void seal_again(std::vector<std::byte>& bytes) {
  constexpr std::size_t frame = 9;
  for (std::size_t at = 0; at + frame <= bytes.size();) {
    std::uint32_t length = 0;
    std::memcpy(&length, &bytes[at], sizeof length);
    if (length > bytes.size() - at - frame)
      return;
    std::vector<std::byte> summed{bytes[at + 8]};
    summed.insert(summed.end(), &bytes[at], &bytes[at] + sizeof length);
    const auto sum =
      crc32c(std::span{bytes}.subspan(at + frame, length), crc32c(summed));
    std::memcpy(&bytes[at + 4], &sum, sizeof sum);
    at += frame + length;
  }
}

expected<restored_keyed_state> restore_tiny(std::span<const std::byte> bytes) {
  keyed_state_store<std::int32_t> store{{0, 127}, 128};
  (void)store.value(counter{"n"}).value();
  return store.restore(bytes);
}

} // namespace

TEST_CASE("state survives 1 -> 2 -> 3 -> 1 subtasks") {
  constexpr std::int32_t keys = 5000;
  subtasks one{1};
  fill(one, keys);
  subtasks two{2};
  two.restore(one.snapshots());
  check_filled(two, keys);
  subtasks three{3};
  three.restore(two.snapshots());
  check_filled(three, keys);
  subtasks again{1};
  again.restore(three.snapshots());
  check_filled(again, keys);
}

TEST_CASE("equal state is equal bytes after a restore into one subtask") {
  subtasks one{1};
  fill(one, 10);
  subtasks copy{1};
  copy.restore(one.snapshots());
  CHECK(copy.snapshots().front().size() == one.snapshots().front().size());
}

TEST_CASE("an empty store has a snapshot that restores") {
  subtasks none{2};
  subtasks more{5};
  more.restore(none.snapshots());
  check_filled(more, 0);
}

TEST_CASE("a restore says how much it took and what it does not know") {
  subtasks one{1};
  fill(one, 100);
  const auto bytes = one.snapshots().front();
  store_type other{{0, 127}, 128};
  (void)other.value(profiles{"profile"}).value();
  const auto restored = other.restore(bytes);
  REQUIRE(restored);
  CHECK(restored->entries == 100);
  CHECK(restored->unknown_states == std::vector<std::string>{"count"});
}

TEST_CASE("a large group is cut into blocks, and can be written in steps") {
  keyed_state_store<std::int64_t> store{{0, 0}, 1};
  auto state = store.value(value_state_descriptor<std::string>{"s"}).value();
  for (std::int64_t key = 0; key < 3000; ++key) {
    store.select(key, key_hash(key));
    state.set(std::string(100, 'x'));
  }
  auto snapshot = store.snapshot();
  CHECK(snapshot.size() == 3000);
  std::vector<std::byte> out;
  std::size_t steps = 0;
  std::size_t longest = 0;
  for (;; ++steps) {
    byte_writer writer{out};
    if (!snapshot.write_some(writer))
      break;
    longest = std::max(longest, writer.size());
  }
  CHECK(steps > 6);
  CHECK(longest < state_format::target_block_bytes + 200);
  keyed_state_store<std::int64_t> copy{{0, 0}, 1};
  (void)copy.value(value_state_descriptor<std::string>{"s"}).value();
  CHECK(copy.restore(out).value().entries == 3000);
}

TEST_CASE("another type of key, value or number of groups is refused") {
  const auto bytes = tiny_snapshot();
  auto refused = [&](auto& store, const char* stored, const char* wanted) {
    const auto result = store.restore(bytes);
    REQUIRE(!result);
    CHECK(result.error().code == error_code::incompatible);
    CHECK(result.error().text.find(stored) != std::string::npos);
    CHECK(result.error().text.find(wanted) != std::string::npos);
  };
  keyed_state_store<std::int32_t> other_value{{0, 127}, 128};
  (void)other_value.value(value_state_descriptor<text>{"n"}).value();
  refused(other_value, "i64", "text");
  keyed_state_store<std::int64_t> other_key{{0, 127}, 128};
  (void)other_key.value(counter{"n"}).value();
  refused(other_key, "i32", "i64");
  keyed_state_store<std::int32_t> other_max{{0, 255}, 256};
  (void)other_max.value(counter{"n"}).value();
  refused(other_max, "128", "256");
}

TEST_CASE("the bytes of a snapshot are those of the format's description") {
  CHECK(test::hex_of(tiny_snapshot()) ==
        // header
        "2a00000080ae845401464c4b53010009000000787868332d36342f3180000000"
        "000000007f0000000300000069333201000000"
        // state "n"
        "11000000b7c65e000201010000006e0300000069363400000000"
        // group 56: 2 -> 512
        "14000000d416a679033800000001000000020000000002000000000000"
        // group 109: 1 -> 256
        "14000000ab23b5ef036d00000001000000010000000001000000000000"
        // end
        "080000004f690963040200000000000000");
}

TEST_CASE("every truncation of a snapshot is noticed") {
  const auto bytes = tiny_snapshot();
  REQUIRE(restore_tiny(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    // A copy of its own, so that a read beyond its end is one beyond a block
    // of memory.
    const std::vector<std::byte> cut(
      bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const auto result = restore_tiny(cut);
    REQUIRE(!result);
    CHECK(result.error().code == error_code::corrupt_data);
  }
  auto longer = bytes;
  longer.push_back(std::byte{0});
  CHECK(!restore_tiny(longer));
}

TEST_CASE("every changed byte of a snapshot is noticed") {
  const auto bytes = tiny_snapshot();
  for (std::size_t i = 0; i < bytes.size(); ++i)
    for (const unsigned change : {0x01u, 0x80u, 0xffu}) {
      CAPTURE(i);
      auto damaged = bytes;
      damaged[i] ^= static_cast<std::byte>(change);
      const auto result = restore_tiny(damaged);
      REQUIRE(!result);
      CHECK(result.error().code == error_code::corrupt_data);
      CHECK(result.error().text.find("offset") != std::string::npos);
    }
}

TEST_CASE("hostile bytes with right checksums do no harm") {
  const auto seed = test::seed();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  subtasks one{1};
  fill(one, 20);
  const auto bytes = one.snapshots().front();
  for (int round = 0; round < 3000; ++round) {
    auto damaged = bytes;
    for (int i = 0; i < 3; ++i)
      damaged[random() % damaged.size()] = static_cast<std::byte>(random());
    seal_again(damaged);
    subtasks victim{1};
    const auto result = victim.stores.front()->restore(damaged);
    if (!result)
      CHECK(!result.error().text.empty());
  }
}

} // namespace keyed_snapshot_test
