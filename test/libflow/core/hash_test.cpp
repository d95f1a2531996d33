#include "libflow/core/hash.hpp"

#include <bit>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>

#include <doctest/doctest.h>

#include "test/support/codec_types.hpp"

using flow::key_hash;
using flow::text;

namespace {

const char* const golden_path = "test/golden/key_hash.txt";

/// A key as a line of the golden file: its layout and name, and its hash.
class table {
public:
  template <class K>
  void add(const std::string& name, const K& key) {
    out_ << flow::codec<K>::schema() << '\t' << name << '\t' << std::hex;
    out_.width(16);
    out_.fill('0');
    out_ << key_hash(key) << std::dec << '\n';
    ++size_;
  }
  [[nodiscard]] std::string str() const { return out_.str(); }
  [[nodiscard]] int size() const { return size_; }

private:
  std::ostringstream out_;
  int size_ = 0;
};

template <class T>
void add_bounds(table& t, const std::string& type) {
  t.add(type + " min", std::numeric_limits<T>::min());
  t.add(type + " max", std::numeric_limits<T>::max());
}

void add_numbers(table& t) {
  add_bounds<std::int8_t>(t, "int8");
  add_bounds<std::uint8_t>(t, "uint8");
  add_bounds<std::int16_t>(t, "int16");
  add_bounds<std::uint16_t>(t, "uint16");
  add_bounds<std::int32_t>(t, "int32");
  add_bounds<std::uint32_t>(t, "uint32");
  add_bounds<std::int64_t>(t, "int64");
  add_bounds<std::uint64_t>(t, "uint64");
  t.add("int32 1", std::int32_t{1});
  t.add("int64 1", std::int64_t{1});
  t.add("int64 -1", std::int64_t{-1});
  t.add("false", false);
  t.add("true", true);
  t.add("char x", 'x');
  t.add("enum of uint8", flow::test::color::green);
  t.add("enum of int16", flow::test::first);
}

void add_strings(table& t) {
  t.add("empty text", text{});
  t.add("text a", text{"a"});
  t.add("text of 12 bytes", text{"123456789012"});
  t.add("text of 13 bytes", text{"1234567890123"});
  t.add("text of 200 bytes", text{std::string(200, 't')});
  t.add("text of 1000 bytes", text{std::string(1000, 't')});
  t.add("text in UTF-8", text{"K\xc3\xb6ln \xe6\x9d\xb1\xe4\xba\xac"});
  t.add("empty string", std::string{});
  t.add("string a", std::string{"a"});
  t.add("string with a zero byte", std::string("a\0b", 3));
}

void add_composites(table& t) {
  using namespace std::chrono_literals;
  t.add("pair 1, a", std::pair{std::int32_t{1}, std::string{"a"}});
  t.add("pair ab, c", std::pair{text{"ab"}, text{"c"}});
  t.add("pair a, bc", std::pair{text{"a"}, text{"bc"}});
  t.add("tuple", std::tuple{std::uint8_t{1}, true, text{"x"}});
  t.add("empty tuple", std::tuple<>{});
  t.add("point", flow::test::point{1, -2});
  t.add("named point", flow::test::named_point{"a longer name", {3, 4}});
  t.add("record beyond 256 bytes",
        flow::test::named_point{text{std::string(300, 'n')}, {}});
  t.add("empty optional", std::optional<std::int32_t>{});
  t.add("optional 0", std::optional<std::int32_t>{0});
  t.add("empty vector", std::vector<std::int32_t>{});
  t.add("vector 1, 2", std::vector<std::int32_t>{1, 2});
  t.add("vector of texts", std::vector<text>{"a", "b"});
  t.add("array 1, 2", std::array<std::uint16_t, 2>{1, 2});
  t.add("variant", std::variant<std::int32_t, text>{text{"v"}});
  t.add("map", std::map<text, std::int32_t>{{"a", 1}});
  t.add("float_key 0", flow::float_key{0});
  t.add("float_key 1.5", flow::float_key{1.5});
  t.add("float_key -inf",
        flow::float_key{-std::numeric_limits<double>::infinity()});
  t.add("float_key NaN",
        flow::float_key{std::numeric_limits<double>::quiet_NaN()});
  t.add("milliseconds", 1500ms);
  t.add("time point", std::chrono::sys_time<std::chrono::milliseconds>{1ms});
}

} // namespace

TEST_CASE("the hashes of keys never change") {
  table t;
  add_numbers(t);
  add_strings(t);
  add_composites(t);
  CHECK(t.size() >= 50);
  if (std::getenv("FLOW_UPDATE_GOLDEN") != nullptr)
    std::ofstream{golden_path} << t.str();
  std::ifstream file{golden_path};
  REQUIRE(file.is_open());
  std::stringstream golden;
  golden << file.rdbuf();
  CHECK(t.str() == golden.str());
}

TEST_CASE("a string key is hashed by its bytes, whatever holds them") {
  for (const std::string value :
       {"", "a", "twelve bytes", "thirteen byte", "more than sixteen bytes"}) {
    CHECK(key_hash(value) == key_hash(text{value}));
    CHECK(key_hash(value) == key_hash(text::borrow(value)));
    CHECK(key_hash(value) == key_hash(std::string_view{value}));
    CHECK(key_hash(value) == flow::hash_bytes(value.data(), value.size()));
  }
}

TEST_CASE("an integer is hashed inline as its bytes are by the library") {
  std::uint64_t bits = 1;
  for (int i = 0; i < 1000; ++i) {
    bits = bits * 0x9E3779B97F4A7C15 + 12345;
    const auto half = static_cast<std::uint32_t>(bits >> 32);
    const auto sign = static_cast<std::int32_t>(half);
    CHECK(key_hash(bits) == flow::hash_bytes(&bits, sizeof bits));
    CHECK(key_hash(half) == flow::hash_bytes(&half, sizeof half));
    CHECK(key_hash(sign) == flow::hash_bytes(&sign, sizeof sign));
  }
  // The published value for no bytes at all.
  CHECK(flow::hash_bytes("", 0) == 0x2d06800538d394c2);
}

TEST_CASE("a composite key is hashed by its encoding") {
  const flow::test::named_point p{"a name that is long enough", {1, 2}};
  const auto bytes = flow::test::encoded(p);
  CHECK(key_hash(p) == flow::hash_bytes(bytes.data(), bytes.size()));
  CHECK(key_hash(std::pair{text{"ab"}, text{"c"}})
        != key_hash(std::pair{text{"a"}, text{"bc"}}));
}

TEST_CASE("an integer key hashes as its encoding does") {
  const auto bytes = flow::test::encoded(std::int64_t{-5});
  CHECK(key_hash(std::int64_t{-5})
        == flow::hash_bytes(bytes.data(), bytes.size()));
  CHECK(key_hash(std::int64_t{1}) != key_hash(std::int32_t{1}));
  CHECK(key_hash(flow::test::color::green) == key_hash(std::uint8_t{200}));
}

TEST_CASE("float keys that are equal have one hash") {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(flow::float_key{-0.0} == flow::float_key{0.0});
  CHECK(key_hash(flow::float_key{-0.0}) == key_hash(flow::float_key{0.0}));
  CHECK(flow::float_key{nan} == flow::float_key{-nan});
  CHECK(key_hash(flow::float_key{nan}) == key_hash(flow::float_key{-nan}));
  CHECK(flow::float_key{1} < flow::float_key{2});
  CHECK(flow::float_key{std::numeric_limits<double>::infinity()}
        < flow::float_key{-nan});
}

TEST_CASE("floating-point numbers are found at any depth of a key") {
  using flow::detail::holds_floating_point;
  CHECK(holds_floating_point<double>);
  CHECK(holds_floating_point<std::optional<std::pair<int, float>>>);
  CHECK(holds_floating_point<flow::test::everything>);
  CHECK(holds_floating_point<std::chrono::duration<double>>);
  CHECK_FALSE(holds_floating_point<flow::test::named_point>);
  CHECK_FALSE(holds_floating_point<std::vector<flow::float_key>>);
}
