#include "libflow/core/codec.hpp"

#include <cereal/types/list.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/vector.hpp>

#include <doctest/doctest.h>

#include "test/support/codec_types.hpp"

using flow::codec;
using flow::text;
using flow::test::decoded;
using flow::test::encoded;

namespace {

class account {
public:
  account() = default;
  account(std::string owner, std::int64_t cents)
    : owner_(std::move(owner)), cents_(cents) {}

  template <class Archive>
  void serialize(Archive& ar) {
    ar(cereal::make_nvp("owner", owner_), CEREAL_NVP(cents_), tags_);
  }

  friend bool operator==(const account&, const account&) = default;
  std::vector<text> tags_;

private:
  std::string owner_;
  std::int64_t cents_ = 0;
};

struct savings : account {
  double rate = 0;
  template <class Archive>
  void serialize(Archive& ar) {
    ar& cereal::base_class<account>(this);
    ar& rate;
  }
};

class split {
public:
  int value = 0;
  template <class Archive>
  void save(Archive& ar) const {
    ar << value << value;
  }
  template <class Archive>
  void load(Archive& ar) {
    int twice = 0;
    ar >> value >> twice;
    if (twice != value)
      throw std::runtime_error{"not twice the same"};
  }
};

class outside {
public:
  explicit outside(int v = 0) : value(v) {}
  int value;
};
template <class Archive>
void serialize(Archive& ar, outside& o) {
  ar(o.value);
}

class versioned {
public:
  std::uint32_t seen = 0;
  int value = 0;
  template <class Archive>
  void serialize(Archive& ar, std::uint32_t version) {
    seen = version;
    ar(value);
  }
};

class tree {
public:
  int value = 0;
  std::vector<tree> children;
  template <class Archive>
  void serialize(Archive& ar) {
    ar(value, children);
  }
};

class silent {
public:
  template <class Archive>
  void serialize(Archive&) {}
};

class owner {
public:
  std::unique_ptr<int> number;
  template <class Archive>
  void serialize(Archive& ar) {
    ar(number);
  }
};

class raw {
public:
  std::array<char, 4> bytes{};
  template <class Archive>
  void serialize(Archive& ar) {
    ar(cereal::binary_data(bytes.data(), bytes.size()));
  }
};

struct record {
  int id = 0;
  account owner;
  std::vector<outside> list;
};

} // namespace

CEREAL_CLASS_VERSION(versioned, 7)

TEST_CASE("a class with a serialize function is written by it") {
  account a{"Ada", -5};
  a.tags_ = {"x", "a tag of many characters"};
  CHECK(decoded<account>(encoded(a)) == a);
  CHECK(codec<account>::schema() == "cereal<0>");
}

TEST_CASE("values inside a serialize function use their codecs") {
  account a{"Ada", 1};
  using layout =
    std::tuple<std::string, std::int64_t, std::vector<std::string>>;
  CHECK(encoded(a) == encoded(layout{"Ada", 1, {}}));
}

TEST_CASE("the other ways of Cereal work as well") {
  savings s;
  s.tags_ = {"t"};
  s.rate = 0.5;
  const auto back = decoded<savings>(encoded(s));
  REQUIRE(back.has_value());
  CHECK(back->tags_ == s.tags_);
  CHECK(back->rate == 0.5);
  split p;
  p.value = 3;
  CHECK(decoded<split>(encoded(p))->value == 3);
  CHECK(decoded<outside>(encoded(outside{4}))->value == 4);
  owner o;
  o.number = std::make_unique<int>(6);
  CHECK(*decoded<owner>(encoded(o))->number == 6);
  raw r{{'a', 'b', 'c', 'd'}};
  CHECK(decoded<raw>(encoded(r))->bytes == r.bytes);
}

TEST_CASE("Cereal classes stand inside records and containers") {
  record r{1, {"Ada", 2}, {outside{3}, outside{4}}};
  const auto back = decoded<record>(encoded(r));
  REQUIRE(back.has_value());
  CHECK(back->owner == r.owner);
  CHECK(back->list.at(1).value == 4);
  CHECK(codec<record>::schema() == "{i32,cereal<0>,list<cereal<0>>}");
}

TEST_CASE("a class version is in the schema, not in the bytes") {
  versioned v;
  v.value = 5;
  const auto bytes = encoded(v);
  CHECK(bytes.size() == sizeof(int));
  const auto back = decoded<versioned>(bytes);
  REQUIRE(back.has_value());
  CHECK(back->seen == 7);
  CHECK(codec<versioned>::schema() == "cereal<7>");
}

TEST_CASE("a class that writes nothing still takes a byte") {
  const std::vector<silent> list(3);
  CHECK(encoded(silent{}).size() == 1);
  CHECK(decoded<std::vector<silent>>(encoded(list))->size() == 3);
}

TEST_CASE("an exception of a load function is a failed decoding") {
  auto bytes = encoded(split{});
  bytes.back() = std::byte{1};
  CHECK_FALSE(decoded<split>(bytes).has_value());
}

TEST_CASE("a class may contain itself, but not without end") {
  tree t;
  t.children.resize(2);
  t.children[1].children.resize(1);
  t.children[1].children[0].value = 9;
  const auto back = decoded<tree>(encoded(t));
  REQUIRE(back.has_value());
  CHECK(back->children[1].children[0].value == 9);

  std::vector<std::byte> hostile;
  {
    flow::byte_writer out{hostile};
    for (int i = 0; i < 1'000'000; ++i) {
      out.write_int(0);
      out.write_length(1);
    }
  }
  CHECK_FALSE(decoded<tree>(hostile).has_value());
}

TEST_CASE("damaged bytes of Cereal classes are refused") {
  account a{"Ada", -5};
  a.tags_ = {"x", "a tag of many characters"};
  const record r{1, a, {outside{3}}};
  const auto bytes = encoded(r);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE_FALSE(decoded<record>(std::span{bytes}.first(size)).has_value());
}
