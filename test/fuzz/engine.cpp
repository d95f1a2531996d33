// Runs a fuzz target. Built with clang and FLOW_LIBFUZZER, libFuzzer picks the
// inputs by coverage; else a loop of its own mutates the seeds, which any
// compiler can build and every test run repeats.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <random>

#include "test/fuzz/fuzz_target.hpp"

namespace flow::fuzz {

void require(bool holds, const char* what) {
  if (holds)
    return;
  std::fprintf(stderr, "fuzz target: %s\n", what);
  std::abort();
}

namespace {

const std::vector<bytes>& known_seeds() {
  static const auto result = seeds();
  return result;
}

} // namespace

} // namespace flow::fuzz

#ifdef FLOW_LIBFUZZER

extern "C" {

std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                             std::size_t max_size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  flow::fuzz::run({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                    std::size_t max_size, unsigned seed) {
  using namespace flow::fuzz;
  std::minstd_rand random{seed};
  const auto& known = known_seeds();
  const auto& start = known[random() % known.size()];
  // Now and then back to something whole, so that no corpus is needed.
  if ((size == 0 || random() % 256 == 0) && start.size() <= max_size) {
    std::memcpy(data, start.data(), start.size());
    size = start.size();
  }
  size = LLVMFuzzerMutate(data, size, max_size);
  if (random() % 8 == 0)
    return size;
  const auto* first = reinterpret_cast<const std::byte*>(data);
  bytes sealed(first, first + size);
  reseal(sealed);
  std::memcpy(data, sealed.data(), size);
  return size;
}

} // extern "C"

#else

namespace {

using namespace flow::fuzz;

/// Values that lengths and counts are wrong at.
constexpr std::uint32_t edges[] = {0,      1,          2,          0x7f,
                                   0xff,   0x100,      0xffff,     0x10000,
                                   0xffff, 0x7fffffff, 0x80000000, 0xffffffff};

class mutator {
public:
  explicit mutator(std::uint64_t seed) : random_(seed) {}

  bytes next() {
    bytes result = pick();
    for (auto count = 1 + random_() % 4; count > 0; --count)
      change(result);
    if (random_() % 8 != 0)
      reseal(result);
    return result;
  }

private:
  const bytes& pick() {
    const auto& known = known_seeds();
    return known[random_() % known.size()];
  }

  std::ptrdiff_t place(const bytes& in) {
    return static_cast<std::ptrdiff_t>(random_() % (in.size() + 1));
  }

  void change(bytes& to) {
    if (to.empty())
      to.push_back(std::byte{0});
    const auto at = to.begin() + place(to) % std::ssize(to);
    const auto rest = to.end() - at;
    switch (random_() % 6) {
    case 0:
      *at ^= std::byte{1} << (random_() % 8);
      break;
    case 1:
      *at = static_cast<std::byte>(random_());
      break;
    case 2: {
      const auto value = edges[random_() % std::size(edges)];
      std::memcpy(&*at, &value,
                  std::min(sizeof value, static_cast<std::size_t>(rest)));
      break;
    }
    case 3:
      to.erase(at, at
                     + std::min<std::ptrdiff_t>(
                       rest, static_cast<std::ptrdiff_t>(random_() % 16)));
      break;
    case 4: {
      const bytes more(random_() % 16, static_cast<std::byte>(random_()));
      to.insert(at, more.begin(), more.end());
      break;
    }
    case 5: {
      const auto& other = pick();
      to.erase(at, to.end());
      to.insert(to.end(), other.begin() + place(other), other.end());
      break;
    }
    }
  }

  std::mt19937_64 random_;
};

std::uint64_t number_of(const char* text) {
  char* end = nullptr;
  const auto value = std::strtoull(text, &end, 0);
  if (*text == '\0' || *end != '\0') {
    std::cerr << "not a number: " << text << '\n';
    std::exit(2);
  }
  return value;
}

} // namespace

/// fuzz_NAME [RUNS]: every seed as it is, then RUNS mutated ones. The seed is
/// FLOW_TEST_SEED, or a fresh one, and is printed.
int main(int argc, char** argv) {
  const std::uint64_t runs = argc > 1 ? number_of(argv[1]) : 100'000;
  const char* wanted = std::getenv("FLOW_TEST_SEED");
  const std::uint64_t seed =
    wanted != nullptr ? number_of(wanted) : std::random_device{}();
  std::cout << "FLOW_TEST_SEED=" << seed << std::endl;
  for (const auto& each : known_seeds()) {
    auto sealed = each;
    reseal(sealed);
    require(sealed == each, "a seed has wrong checksums");
    run(each);
  }
  mutator inputs{seed};
  for (std::uint64_t i = 0; i < runs; ++i)
    run(inputs.next());
  std::cout << runs << " inputs\n";
}

#endif
