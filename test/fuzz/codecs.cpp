// Values of every kind that a codec knows, as records on a link or in state.
// The first byte picks the type.

#include <cereal/types/map.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>

#include "libflow/connectors/files/file_split.hpp"
#include "libflow/connectors/files/part_writer.hpp"
#include "test/fuzz/fuzz_target.hpp"
#include "test/support/codec_types.hpp"

namespace flow::fuzz {

namespace {

/// Through a Cereal function of the author's.
class account {
public:
  account() = default;
  explicit account(std::string owner) : owner_(std::move(owner)) {
    notes_ = {{"a", {"b", "c"}}};
  }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(owner_, notes_);
  }

private:
  std::string owner_;
  std::map<std::string, std::vector<std::string>> notes_;
};

/// Decodes; what can be decoded can be encoded and decoded again, to as many
/// bytes (hash tables have no order of their own).
template <class T>
void check(std::span<const std::byte> input) {
  byte_reader in{input};
  T value{};
  if (!codec<T>::decode(in, value))
    return;
  const auto written = test::encoded(value);
  const auto again = test::decoded<T>(written);
  require(again.has_value(), "what was decoded cannot be encoded and decoded");
  require(test::encoded(*again).size() == written.size(),
          "a value changes its size");
}

void check_positions(std::span<const std::byte> input) {
  if (const auto split = decode_split_progress(input)) {
    bytes written;
    encode_split_progress(*split, written);
    require(std::ranges::equal(written, input), "a split has two forms");
  }
}

bytes seed_of(unsigned char type, const bytes& value) {
  bytes result(1 + value.size());
  result[0] = std::byte{type};
  std::copy(value.begin(), value.end(), result.begin() + 1);
  return result;
}

} // namespace

std::vector<bytes> seeds() {
  using strings = std::vector<std::vector<std::string>>;
  bytes split;
  encode_split_progress({{10, 20}, 12, true}, split);
  const pending_part part{"out/results", ".part-0-1.csv.2", {0, 1}};
  return {seed_of(0, test::encoded(test::sample())),
          seed_of(1, test::encoded(account{"somebody"})),
          seed_of(2, test::encoded(strings{{"a", "b"}, {}, {"c"}})),
          seed_of(3, split), seed_of(4, test::encoded(part))};
}

void reseal(bytes&) {}

void run(std::span<const std::byte> input) {
  if (input.empty())
    return;
  const auto rest = input.subspan(1);
  switch (std::to_integer<unsigned>(input[0]) % 5) {
  case 0:
    return check<test::everything>(rest);
  case 1:
    return check<account>(rest);
  case 2:
    return check<std::vector<std::vector<std::string>>>(rest);
  case 3:
    return check_positions(rest);
  default:
    return check<pending_part>(rest);
  }
}

} // namespace flow::fuzz
