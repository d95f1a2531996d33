#include "libflow/core/text.hpp"

#include <cstring>
#include <new>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "test/support/test_seed.hpp"

using flow::arena;
using flow::arena_scope;
using flow::text;

namespace {

const std::string long_value = "a text of more than twelve characters";

int sign(std::strong_ordering order) {
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

} // namespace

TEST_CASE("a text can be made to borrow in place") {
  const std::string first = "longer than what fits inline";
  const std::string second = "another one, longer than that";
  text value{first}; // owns
  value.rebind(second);
  CHECK(value == second);
  CHECK(value.data() == second.data());
  CHECK(value.borrows());
  const text copy = value;
  CHECK(copy.owns());
  value.rebind("short");
  CHECK(value == "short");
  CHECK(!value.borrows());
}

TEST_CASE("a text holds up to 12 characters inline and owns longer ones") {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string value(size, 'x');
    const text t{value};
    CHECK(t.view() == value);
    CHECK(t.size() == size);
    CHECK(t.empty() == (size == 0));
    CHECK(t.owns() == (size > 12));
    CHECK_FALSE(t.borrows());
  }
}

TEST_CASE("a text holds any bytes") {
  const std::string zeros("a\0b\0", 4);
  CHECK(text{zeros}.view() == zeros);
  CHECK(text{std::string_view("a\0", 2)} != text{"a"});
  CHECK(text{std::string_view("a\0", 2)} > text{"a"});
  CHECK(text{"\xff"} > text{"a"});
}

TEST_CASE("texts compare with strings of other kinds") {
  CHECK(text{"abc"} == "abc");
  CHECK("abc" == text{"abc"});
  CHECK(text{"abc"} == std::string{"abc"});
  CHECK(text{"abc"} != std::string_view{"abd"});
  CHECK(text{"abc"} < "abd");
  CHECK(std::string{"abd"} > text{"abc"});
}

TEST_CASE("a text prints and hashes as its characters") {
  std::ostringstream out;
  out << text{long_value} << '|' << text{"s"};
  CHECK(out.str() == long_value + "|s");
  std::unordered_set<text> set{"one", text{long_value}};
  CHECK(set.contains(text{long_value}));
  CHECK(text{long_value}.to_string() == long_value);
}

TEST_CASE("copies of long texts borrow from the arena of an open scope") {
  arena a;
  const text owned{long_value};
  {
    arena_scope scope{&a};
    const text copy{owned};
    CHECK(copy.borrows());
    CHECK(copy == owned);
    CHECK(a.bytes() == long_value.size());
    const text made{long_value};
    CHECK(made.borrows());
    text assigned;
    assigned = owned;
    CHECK(assigned.borrows());
    const text small{"inline"};
    CHECK_FALSE(small.borrows());
    CHECK(a.bytes() == 3 * long_value.size());
  }
  CHECK(text{owned}.owns());
}

TEST_CASE("a copy taken out of an arena outlives it") {
  std::optional<text> kept;
  {
    arena a;
    std::optional<text> in_batch;
    {
      arena_scope scope{&a};
      in_batch.emplace(long_value);
    }
    REQUIRE(in_batch->borrows());
    kept.emplace(*in_batch);
  }
  CHECK(kept->owns());
  CHECK(*kept == long_value);
}

TEST_CASE("a borrowed text that is moved out of an arena outlives it") {
  std::vector<text> kept;
  text assigned;
  {
    arena a;
    std::vector<text> in_batch;
    {
      arena_scope scope{&a};
      for (int i = 0; i < 50; ++i)
        in_batch.push_back(text{long_value + std::to_string(i)});
    }
    for (auto& t : in_batch)
      kept.push_back(std::move(t));
    text other = text::borrow(long_value);
    assigned = std::move(other);
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    CHECK(kept[i].owns());
    CHECK(kept[i] == long_value + std::to_string(i));
  }
  CHECK(assigned.owns());
}

TEST_CASE("owned copies of large texts share their bytes, until each ends") {
  const std::string large(text::max_copied_size + 1, 'x');
  auto first = std::make_unique<text>(large);
  text second{*first};
  text third;
  third = second;
  CHECK(second.data() == first->data());
  CHECK(third.data() == first->data());
  CHECK(third.owns());
  first.reset();
  second = "short";
  CHECK(third.view() == large);
  const text small{std::string(text::max_copied_size, 'y')};
  CHECK(text{small}.data() != small.data());
  arena room;
  {
    const arena_scope scope{&room};
    const text borrowed{third};
    CHECK(borrowed.borrows());
    CHECK(borrowed.data() != third.data());
  }
  third = third.view().substr(1);
  CHECK(third.view() == large.substr(1));
}

TEST_CASE("std::swap of texts leaves none that borrows by accident") {
  text mine{long_value};
  {
    arena a;
    text in_batch;
    {
      arena_scope scope{&a};
      in_batch = text{std::string(20, 'b')};
    }
    std::swap(mine, in_batch);
    CHECK(in_batch == long_value);
  }
  CHECK(mine == std::string(20, 'b'));
  CHECK(mine.owns());
}

TEST_CASE("moving an owned text hands over its bytes") {
  text from{long_value};
  const auto* bytes = from.data();
  const text to{std::move(from)};
  CHECK(to.data() == bytes);
  CHECK(to.owns());
  arena a;
  text again{to};
  arena_scope scope{&a};
  const text moved{std::move(again)};
  CHECK(moved.owns());
  CHECK(a.bytes() == 0);
}

TEST_CASE("a text survives assignment to itself and from a part of itself") {
  text t{long_value};
  auto& same = t;
  t = same;
  CHECK(t == long_value);
  t = std::move(same);
  CHECK(t == long_value);
  t = t.view().substr(2, 20);
  CHECK(t == long_value.substr(2, 20));
  t = t.view().substr(3, 4);
  CHECK(t == long_value.substr(5, 4));
}

TEST_CASE("assign makes one copy and takes parts of the text itself") {
  arena a;
  {
    arena_scope scope{&a};
    text t;
    t.assign(long_value);
    CHECK(t.borrows());
    CHECK(a.bytes() == long_value.size());
  }
  text t{long_value};
  t.assign(t.view().substr(1, 30));
  CHECK(t == long_value.substr(1, 30));
  t.assign(t.view().substr(1, 10));
  CHECK(t == long_value.substr(2, 10));
  t.assign(t.view().substr(3, 5));
  CHECK(t == long_value.substr(5, 5));
}

TEST_CASE("a borrowed text shares the bytes it was given") {
  const auto t = text::borrow(long_value);
  CHECK(t.data() == long_value.data());
  CHECK(t.borrows());
  CHECK(text{t}.owns());
  CHECK(text::borrow("short") == "short");
}

TEST_CASE("a relocated text stays what it was") {
  static_assert(flow::is_trivially_relocatable<text>);
  arena a;
  arena_scope scope{&a};
  alignas(text) std::byte from[sizeof(text)];
  alignas(text) std::byte to[sizeof(text)];
  new (from) text(long_value);
  std::memcpy(to, from, sizeof from);
  auto* t = std::launder(reinterpret_cast<text*>(to));
  CHECK(t->borrows());
  CHECK(*t == long_value);
  t->~text();
}

TEST_CASE("texts order as std::string does") {
  std::mt19937_64 random{test_seed()};
  auto value = [&] {
    std::string s(random() % 20, 'a');
    for (auto& c : s)
      c = static_cast<char>(random() % 3 == 0 ? random() % 256 : 'a');
    return s;
  };
  arena a;
  for (int i = 0; i < 20'000; ++i) {
    const auto x = value();
    const auto y = random() % 4 == 0 ? x : value();
    const text tx{x};
    arena_scope scope{i % 2 == 0 ? &a : nullptr};
    const text ty{y};
    REQUIRE((tx == ty) == (x == y));
    REQUIRE(sign(tx <=> ty) == sign(x.compare(y) <=> 0));
    REQUIRE(sign(tx <=> y) == sign(x.compare(y) <=> 0));
  }
}

TEST_CASE("texts hold what strings hold after any operations") {
  std::mt19937_64 random{test_seed()};
  arena a;
  std::vector<text> texts(16);
  std::vector<std::string> strings(16);
  for (int step = 0; step < 50'000; ++step) {
    const auto i = random() % texts.size();
    const auto k = random() % texts.size();
    arena_scope scope{random() % 3 == 0 ? &a : nullptr};
    switch (random() % 6) {
    case 0:
      strings[i] = std::string(random() % 30, static_cast<char>('a' + k));
      texts[i] = text{strings[i]};
      break;
    case 1:
      texts[i] = texts[k];
      strings[i] = strings[k];
      break;
    case 2:
      if (i == k)
        break;
      texts[i] = std::move(texts[k]);
      strings[i] = strings[k];
      texts[k] = "";
      strings[k].clear();
      break;
    case 3:
      std::swap(texts[i], texts[k]);
      std::swap(strings[i], strings[k]);
      break;
    case 4:
      texts.push_back(texts[i]);
      strings.push_back(strings[i]);
      break;
    default:
      if (texts.size() < 4)
        break;
      texts.erase(texts.begin() + static_cast<std::ptrdiff_t>(i));
      strings.erase(strings.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (texts.size() > 64) {
      texts.resize(16);
      strings.resize(16);
    }
    const auto checked = random() % texts.size();
    REQUIRE(texts[checked] == strings[checked]);
  }
  CHECK(std::vector<std::string>(texts.begin(), texts.end()) == strings);
}
