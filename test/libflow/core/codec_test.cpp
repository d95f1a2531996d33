#include "libflow/core/codec.hpp"

#include <bit>
#include <limits>
#include <memory>
#include <span>

#include <doctest/doctest.h>

#include "test/support/codec_types.hpp"

using flow::codec;
using flow::text;
using flow::test::decoded;
using flow::test::encoded;

namespace {

std::vector<int> numbers(const std::vector<std::byte>& bytes) {
  std::vector<int> result;
  for (const auto b : bytes)
    result.push_back(std::to_integer<int>(b));
  return result;
}

template <class T>
void check_round_trip(const T& value) {
  const auto bytes = encoded(value);
  CAPTURE(codec<T>::schema());
  REQUIRE(bytes.size() >= flow::detail::min_size<T>());
  const auto back = decoded<T>(bytes);
  REQUIRE(back.has_value());
  CHECK(*back == value);
  CHECK(encoded(*back) == bytes);
}

struct base {
  int inherited = 0;
};
struct derived : base {
  int own = 0;
  char code[3] = {};
};
FLOW_FIELDS(derived, inherited, own, code);

class guarded {
public:
  guarded() = default;
  explicit guarded(int secret) : secret_(secret) {}
  [[nodiscard]] int secret() const { return secret_; }

private:
  friend auto flow_fields(guarded& g) { return std::tie(g.secret_); }
  friend auto flow_fields(const guarded& g) { return std::tie(g.secret_); }
  int secret_ = 0;
};

enum class color : std::uint16_t { red = 1, blue = 0x203 };
enum class truth : bool { no, yes };

/// Lies in memory as it is encoded.
struct exact {
  std::uint64_t a = 0;
  std::array<std::int16_t, 3> b{};
  color c = color::red;
  friend bool operator==(const exact&, const exact&) = default;
};
static_assert(flow::detail::is_exact_bytes<exact>);
static_assert(!flow::detail::is_exact_bytes<truth>);
static_assert(!flow::detail::is_exact_bytes<double>);

struct celsius {
  double degrees = 0;
};

struct node {
  int value = 0;
  std::vector<node> children;
};

struct with_pointer {
  int* p = nullptr;
};
struct with_view {
  std::vector<std::pair<int, std::string_view>> v;
};
struct with_span {
  std::span<const int> s;
};
struct with_reference {
  int& r;
};
struct with_owner {
  std::unique_ptr<int> p;
};
struct with_long_double {
  long double x = 0;
};

struct relocatable {
  text name;
  std::uint64_t id = 0;
  std::optional<int> maybe;
};
struct not_relocatable {
  std::string name;
};

} // namespace

/// An encoding of the author's own: tenths of a degree.
template <>
struct flow::codec<celsius> {
  static void encode(const celsius& value, byte_writer& out) {
    out.write_int(static_cast<std::int16_t>(value.degrees * 10));
  }
  static bool decode(byte_reader& in, celsius& value) noexcept {
    std::int16_t tenths = 0;
    if (!in.read_int(tenths))
      return false;
    value.degrees = tenths / 10.0;
    return true;
  }
  static std::string schema() { return "celsius/1"; }
};

TEST_CASE("a value of every kind survives encoding") {
  check_round_trip(flow::test::everything{});
  check_round_trip(flow::test::sample());
  check_round_trip(std::numeric_limits<std::int64_t>::min());
  check_round_trip(std::numeric_limits<double>::infinity());
  check_round_trip(std::vector<flow::test::empty_record>(70'000));
  check_round_trip(std::vector<std::optional<std::vector<std::string>>>{
    std::nullopt, {{"a", "b"}}, {{}}});
  check_round_trip(std::tuple<>{});
  check_round_trip(std::array<int, 0>{});
  check_round_trip(std::variant<int, std::string>{"text"});
  check_round_trip(flow::float_key{-0.0});
  check_round_trip(std::string(100'000, 'x'));
}

TEST_CASE("the bytes of a record are its fields one after the other") {
  struct record {
    std::uint16_t number;
    bool flag;
    text name;
    std::optional<std::uint8_t> maybe;
    std::variant<std::uint8_t, bool> either;
    std::vector<std::int16_t> list;
  };
  CHECK(numbers(encoded(record{258, true, "ab", 9, true, {-1}}))
        == std::vector<int>{2, 1, 1, 2, 0, 0, 0, 'a', 'b', 1, 9, 1, 1, 1, 0, 0,
                            0, 0xff, 0xff});
}

TEST_CASE("a record that is copied whole has the bytes of its fields") {
  const exact value{0x0807060504030201, {9, -1, 0x0c0b}, color::blue};
  CHECK(numbers(encoded(value))
        == std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0xff, 0xff, 0x0b,
                            0x0c, 3, 2});
  check_round_trip(value);
  auto cut = encoded(value);
  cut.pop_back();
  CHECK_FALSE(decoded<exact>(cut).has_value());
}

TEST_CASE("text and std::string have the same encoding") {
  for (const std::string value : {"", "short", "longer than twelve bytes"}) {
    CHECK(encoded(value) == encoded(text{value}));
    CHECK(decoded<text>(encoded(value)) == text{value});
  }
  CHECK(codec<text>::schema() == codec<std::string>::schema());
}

TEST_CASE("equal unordered containers have equal bytes") {
  std::unordered_map<int, int> up;
  std::unordered_map<int, int> down(1000);
  for (int i = 0; i < 500; ++i) {
    up[i] = i;
    down[499 - i] = 499 - i;
  }
  CHECK(up == down);
  CHECK(encoded(up) == encoded(down));
}

TEST_CASE("every NaN is encoded alike") {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(encoded(nan) == encoded(-nan));
  CHECK(encoded(std::numeric_limits<float>::quiet_NaN())
        == encoded(-std::numeric_limits<float>::quiet_NaN()));
  CHECK(encoded(-0.0) != encoded(0.0));
}

TEST_CASE("a schema spells out the layout") {
  CHECK(codec<std::tuple<std::int64_t, text, double>>::schema()
        == "{i64,text,f64}");
  CHECK(codec<std::vector<std::int32_t>>::schema() == "list<i32>");
  CHECK(
    codec<flow::test::everything>::schema()
    == "{bool,i8,i8,u8,i16,u16,i32,u32,i64,u64,f32,f64,u8,i16,text,text,text,"
       "array<u16,3>,list<i32>,list<bool>,list<{text,{i32,i32}}>,list<f64>,"
       "list<text>,map<text,list<i32>>,map<i64,text>,set<text>,set<u32>,"
       "optional<{text,{i32,i32}}>,optional<i64>,{i32,text},{u8,text,f64},"
       "variant<{},i64,text,{i32,i32}>,duration<i64,1/1000>,"
       "time<duration<i64,1/1000000>>,{}}");
}

TEST_CASE("types that boost::pfr cannot look into list their fields") {
  derived d;
  d.inherited = 1;
  d.own = 2;
  d.code[2] = 'z';
  const auto back = decoded<derived>(encoded(d));
  REQUIRE(back.has_value());
  CHECK(back->inherited == 1);
  CHECK(back->own == 2);
  CHECK(back->code[2] == 'z');
  CHECK(codec<derived>::schema() == "{i32,i32,array<i8,3>}");
  CHECK(decoded<guarded>(encoded(guarded{42}))->secret() == 42);
}

TEST_CASE("an author's codec is used wherever the type stands") {
  CHECK(encoded(celsius{12.5}).size() == 2);
  const std::vector<celsius> list{{1.5}, {-3}};
  const auto back = decoded<std::vector<celsius>>(encoded(list));
  REQUIRE(back.has_value());
  CHECK((*back)[1].degrees == -3);
  CHECK(codec<std::vector<celsius>>::schema() == "list<celsius/1>");
}

TEST_CASE("what outlives a record or has no codec is refused") {
  CHECK(flow::codable<flow::test::everything>);
  CHECK(flow::codable<derived>);
  CHECK(flow::codable<celsius>);
  CHECK_FALSE(flow::codable<with_pointer>);
  CHECK_FALSE(flow::codable<with_view>);
  CHECK_FALSE(flow::codable<with_span>);
  CHECK_FALSE(flow::codable<with_reference>);
  CHECK_FALSE(flow::codable<with_owner>);
  CHECK_FALSE(flow::codable<with_long_double>);
  CHECK_FALSE(flow::codable<std::map<int, const char*>>);
  CHECK_FALSE(flow::codable<int (*)(int)>);
  CHECK_FALSE(flow::codable<node>);
}

TEST_CASE("decoded long texts go into the arena of an open scope") {
  const std::string value = "longer than twelve bytes";
  flow::arena arena;
  flow::arena_scope scope{&arena};
  const auto back = decoded<std::vector<text>>(
    encoded(std::vector<std::string>{value, "short"}));
  REQUIRE(back.has_value());
  CHECK(back->front().borrows());
  CHECK(back->front() == value);
}

TEST_CASE("decoding into a used value replaces what it held") {
  auto value = flow::test::sample();
  const auto bytes = encoded(flow::test::everything{});
  flow::byte_reader in{bytes};
  REQUIRE(codec<flow::test::everything>::decode(in, value));
  CHECK(value == flow::test::everything{});
}

TEST_CASE("records of relocatable fields are relocatable") {
  CHECK(flow::is_trivially_relocatable<flow::test::point>);
  CHECK(flow::is_trivially_relocatable<flow::test::named_point>);
  CHECK(flow::is_trivially_relocatable<relocatable>);
  CHECK_FALSE(flow::is_trivially_relocatable<not_relocatable>);
  CHECK_FALSE(flow::is_trivially_relocatable<flow::test::everything>);
}
