#include "libflow/connectors/files/line_reader.hpp"

#include <doctest/doctest.h>

#include "libflow/connectors/files/line_numbers.hpp"
#include "libflow/connectors/files/split_planner.hpp"
#include "libflow/connectors/files/text_pieces.hpp"
#include "test/libflow/connectors/memory_file_system.hpp"

using namespace flow;
using flow::test::memory_file_system;

namespace {

struct fixture {
  memory_file_system files;

  line_reader reader(const std::string& text,
                     long_line_policy policy = long_line_policy::flag,
                     std::size_t block = 16) {
    files.put("f", text);
    auto file = files.open("f");
    return {std::move(*file), "f", text.size(), policy, block};
  }

  static std::vector<std::string> all(line_reader& reader,
                                      const split_progress& from) {
    std::vector<std::string> lines;
    REQUIRE(reader.start(from));
    text_line line;
    while (reader.next(line) == line_status::line)
      lines.emplace_back(line.text);
    return lines;
  }

  std::vector<std::string> whole(const std::string& text) {
    auto lines = reader(text);
    return all(lines, {{0, text.size()}});
  }
};

using texts = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(fixture, "lines end with LF, CRLF or the file") {
  CHECK(whole("") == texts{});
  CHECK(whole("a") == texts{"a"});
  CHECK(whole("a\n") == texts{"a"});
  CHECK(whole("a\nb") == texts{"a", "b"});
  CHECK(whole("a\r\n\r\nb\r") == texts{"a", "", "b"});
  CHECK(whole("a\rb\n\n") == texts{"a\rb", ""});
  CHECK(whole("a line that is longer than a block of the buffer\nb\n")
        == texts{"a line that is longer than a block of the buffer", "b"});
}

TEST_CASE_FIXTURE(fixture, "a byte order mark is skipped at the start alone") {
  CHECK(whole("\xEF\xBB\xBF"
              "a\n\xEF\xBB\xBF"
              "b\n")
        == texts{"a", "\xEF\xBB\xBF"
                      "b"});
  CHECK(whole("\xEF\xBB\xBF") == texts{});
  CHECK(whole("\xEF\xBB") == texts{"\xEF\xBB"});
}

TEST_CASE_FIXTURE(fixture, "the last line knows that nothing follows it") {
  auto lines = reader("a\n\n");
  REQUIRE(lines.start({{0, 3}}));
  text_line line;
  REQUIRE(lines.next(line) == line_status::line);
  CHECK_FALSE(line.ends_file);
  REQUIRE(lines.next(line) == line_status::line);
  CHECK(line.ends_file);
  CHECK(line.offset == 2);
  CHECK(lines.next(line) == line_status::end);
}

TEST_CASE_FIXTURE(fixture, "a line says whether it holds a NUL or a quote") {
  using namespace std::string_literals;
  auto lines = reader("a\nb\0\0c\nd\"\ne\n\"f\0\n\n"s);
  REQUIRE(lines.start({{0, 17}}));
  text_line line;
  std::string seen;
  while (lines.next(line) == line_status::line)
    seen.push_back("0123"[int{line.has_nul} * 2 + int{line.has_quote}]);
  CHECK(seen == "021030");
}

TEST_CASE_FIXTURE(fixture, "a line says whether it holds a CR of its own") {
  const std::string text = "a\r\nb\rc\nd\r\r\n\re\nf\ng\r\n\r\nh\r";
  for (const std::size_t block : {16, 64}) {
    auto lines = reader(text, long_line_policy::flag, block);
    REQUIRE(lines.start({{0, text.size()}}));
    text_line line;
    std::string seen;
    while (lines.next(line) == line_status::line)
      seen.push_back(line.has_return ? '1' : '0');
    CHECK(seen == "01110000");
  }
}

TEST_CASE_FIXTURE(fixture,
                  "splits of every size give each line once, with its number") {
  const std::string text =
    "header\na,1\n\nccc,3\r\ndd\n\n\neeeee eeeee eeeee\nf";
  auto expected_lines = whole(text);
  for (std::uint64_t piece = 1; piece <= text.size(); ++piece) {
    for (std::size_t readers = 1; readers <= 7; ++readers) {
      auto planner = split_planner::with_piece(0, text.size(), piece);
      std::vector<line_reader> pool;
      std::vector<line_numbers> numbers(readers);
      for (std::size_t i = 0; i < readers; ++i)
        pool.push_back(reader(text));
      std::vector<std::string> found(expected_lines.size());
      std::size_t count = 0;
      for (std::size_t turn = 0; auto split = planner.next(); ++turn) {
        auto& lines = pool[turn % readers];
        REQUIRE(lines.start(*split));
        text_line line;
        while (lines.next(line) == line_status::line) {
          auto number = numbers[turn % readers].at(lines.file(), line.offset);
          REQUIRE(number);
          found.at(*number - 1) = line.text;
          ++count;
        }
      }
      REQUIRE(count == expected_lines.size());
      REQUIRE(found == expected_lines);
    }
  }
}

TEST_CASE_FIXTURE(fixture,
                  "reading goes on from a position in the middle of a split") {
  const std::string text = "\xEF\xBB\xBF"
                           "one\ntwo\nthree\nfour\n";
  auto expected_lines = whole(text);
  for (std::size_t stop = 0; stop <= expected_lines.size(); ++stop) {
    auto first = reader(text);
    REQUIRE(first.start({{0, text.size()}}));
    texts found;
    text_line line;
    for (std::size_t i = 0; i < stop; ++i) {
      REQUIRE(first.next(line) == line_status::line);
      found.emplace_back(line.text);
    }
    std::vector<std::byte> bytes;
    encode_split_progress(first.progress(), bytes);
    auto progress = decode_split_progress(bytes);
    REQUIRE(progress);
    auto second = reader(text);
    for (auto& rest : all(second, *progress))
      found.push_back(rest);
    CHECK(found == expected_lines);
  }
}

TEST_CASE_FIXTURE(
  fixture, "a line over 1 MiB is flagged and skipped, one of 1 MiB is not") {
  std::string most(max_line_bytes, 'x');
  for (std::size_t block : {std::size_t{64} << 10, std::size_t{4} << 20}) {
    auto lines = reader(most + "\r\n" + most + "y\r\nz\n"
                          + std::string(5 * max_line_bytes, 'w') + "\n\nv",
                        long_line_policy::flag, block);
    REQUIRE(lines.start({{0, lines.file_size()}}));
    text_line line;
    REQUIRE(lines.next(line) == line_status::line);
    CHECK_FALSE(line.too_long);
    CHECK(line.text == most);
    REQUIRE(lines.next(line) == line_status::line);
    CHECK(line.too_long);
    CHECK(line.text == most.substr(0, long_line_head_bytes));
    CHECK(line.offset == max_line_bytes + 2);
    REQUIRE(lines.next(line) == line_status::line);
    CHECK_FALSE(line.too_long);
    CHECK(line.text == "z");
    REQUIRE(lines.next(line) == line_status::line);
    CHECK(line.too_long);
    CHECK(line.text == std::string(long_line_head_bytes, 'w'));
    REQUIRE(lines.next(line) == line_status::line);
    CHECK(line.text.empty());
    REQUIRE(lines.next(line) == line_status::line);
    CHECK(line.text == "v");
    CHECK(lines.next(line) == line_status::end);
  }
}

TEST_CASE_FIXTURE(
  fixture, "text without line ends comes in pieces that end between words") {
  std::string text;
  while (text.size() < 5 * max_line_bytes)
    text.append("word").append(std::to_string(text.size())).append(" ");
  text += "\nlast";
  auto size = text.size();
  std::string joined;
  std::size_t pieces = 0;
  split_progress progress{{0, size}};
  do {
    // A new reader for each piece: a position between pieces is one, too.
    auto lines = reader(text, long_line_policy::cut, 64 << 10);
    REQUIRE(lines.start(progress));
    text_line line;
    if (lines.next(line) != line_status::line)
      break;
    CHECK(line.text.size() <= 2 * max_line_bytes);
    joined += line.text;
    progress = lines.progress();
    auto at_end = progress.offset >= size - 5;
    CHECK((at_end || line.text.back() == ' '));
    if (line.text == "last" || text[progress.offset - 1] == '\n')
      joined += line.text == "last" ? "" : "\n";
  } while (++pieces < 100);
  CHECK(pieces > 4);
  CHECK(pieces < 10);
  CHECK(joined == text);
}

TEST_CASE_FIXTURE(
  fixture,
  "a piece of a long line is read by the split in which the line begins") {
  const std::string longest(3 * max_line_bytes, 'b');
  auto text = std::string{"a\n"}.append(longest).append("\nc\n");
  auto planner = split_planner::with_piece(0, text.size(), 1 << 20);
  std::string joined;
  auto lines = reader(text, long_line_policy::cut, 64 << 10);
  std::size_t with_lines = 0;
  while (auto split = planner.next()) {
    auto before = joined.size();
    for (auto& line : all(lines, *split))
      joined += line;
    with_lines += joined.size() > before;
  }
  CHECK(joined == std::string{"a"}.append(longest).append("c"));
  CHECK(with_lines == 2);
}

TEST_CASE_FIXTURE(fixture, "a word longer than can be kept is a failure") {
  auto lines = reader(std::string(longest_word_bytes + 100, 'b'),
                      long_line_policy::cut, 1 << 20);
  REQUIRE(lines.start({{0, longest_word_bytes + 100}}));
  text_line line;
  REQUIRE(lines.next(line) == line_status::failed);
  CHECK(lines.failure().text == "f: a word is longer than 16 MiB");
}

TEST_CASE("text is cut behind a gap, else before a wide character") {
  CHECK(whole_words("one two") == 4);
  CHECK(whole_words("one two ") == 8);
  CHECK(whole_words("one") == 0);
  CHECK(whole_words("") == 0);
  CHECK(whole_words(",one") == 1);
  CHECK(whole_words("a \xC3\xA4one") == 2);
  CHECK(whole_words("\xE6\xBC\xA2\xE5\xAD\x97") == 3);
  CHECK(whole_words("\xE6\xBC\xA2one") == 0);
  CHECK(whole_words("one\xE6\xBC\xA2two") == 3);
}

TEST_CASE_FIXTURE(fixture,
                  "a file that got shorter and a disk that fails are errors") {
  auto lines = reader(std::string(100, 'x'));
  files.files["f"]->resize(50);
  REQUIRE(lines.start({{1, 100}}).has_value() == false);
  auto again = reader(std::string(100, 'x') + "\ny");
  files.reads_left = 2;
  auto started = again.start({{0, 102}});
  text_line line;
  REQUIRE(started);
  CHECK(again.next(line) == line_status::failed);
  CHECK(again.failure().code == error_code::io);
  CHECK_FALSE(again.start({{0, 500}}));
}
