// The keyed part of a snapshot, read by a store that has the states it names.

#include "libflow/state/keyed_state.hpp"
#include "test/fuzz/reseal.hpp"

namespace flow::fuzz {

namespace {

struct profile {
  std::int32_t visits = 0;
  text last_page;
  std::vector<std::string> tags;
};

using store_type = keyed_state_store<text>;
constexpr std::uint32_t max_parallelism = 16;

/// A store of one of `parallelism` subtasks with two states.
struct filled_store {
  explicit filled_store(std::uint32_t index = 0, std::uint32_t parallelism = 1)
    : store(range_of(index, parallelism, max_parallelism), max_parallelism) {
    profiles = *store.value(value_state_descriptor<profile>{"profile"});
    counts = *store.value(value_state_descriptor<std::int64_t>{"count"});
  }

  void add(const std::string& name, std::int32_t number) {
    const text key{name};
    const auto hash = key_hash(key);
    if (!store.groups().contains(key_group_of(hash, max_parallelism)))
      return;
    store.select(key, hash);
    profiles.set({number, "a page with a long name", {"tag", name}});
    counts.set(number);
    store.end_block();
  }

  [[nodiscard]] bytes snapshot() {
    bytes result;
    auto taken = store.snapshot();
    {
      byte_writer out{result};
      write_keyed_state(taken, out);
    }
    return result;
  }

  store_type store;
  value_state<profile> profiles;
  value_state<std::int64_t> counts;
};

} // namespace

std::vector<bytes> seeds() {
  std::vector<bytes> result;
  for (const int entries : {0, 1, 40}) {
    filled_store from;
    for (int i = 0; i < entries; ++i)
      from.add("key " + std::to_string(i), i);
    result.push_back(from.snapshot());
  }
  return result;
}

void reseal(bytes& input) {
  reseal_blocks(input);
}

void run(std::span<const std::byte> input) {
  filled_store whole;
  const auto read = whole.store.restore(input);
  filled_store half{1, 2};
  const auto half_read = half.store.restore(input);
  if (!read) {
    require(!read.error().text.empty(), "an error without a text");
    return;
  }
  require(read->entries == whole.store.entry_count(), "entries are miscounted");
  if (half_read)
    require(half_read->entries <= read->entries, "half is more than all");
  filled_store again;
  const auto written = whole.snapshot();
  const auto reread = again.store.restore(written);
  require(reread && reread->entries == read->entries,
          "what was restored cannot be written and restored again");
}

} // namespace flow::fuzz
