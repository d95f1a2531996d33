#include "libflow/metrics/merged_text.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace merged_text_test {

using flow::merged_text;

TEST_CASE("a family stands once, with the samples of all processes") {
  const std::vector<std::string> texts{
    "# HELP a what a is\n# TYPE a counter\na{task=\"0\"} 1\n"
    "# HELP b what b is\n# TYPE b gauge\nb{task=\"0\"} 2\n",
    "# HELP a what a is\n# TYPE a counter\na{task=\"1\"} 3\na{task=\"2\"} 4\n"
    "# TYPE c gauge\nc 5\n"};
  CHECK(merged_text(texts)
        == "# HELP a what a is\n# TYPE a counter\na{task=\"0\"} 1\n"
           "a{task=\"1\"} 3\na{task=\"2\"} 4\n"
           "# HELP b what b is\n# TYPE b gauge\nb{task=\"0\"} 2\n"
           "# TYPE c gauge\nc 5\n");
}

TEST_CASE("nothing merges with anything, and one text is itself") {
  const std::string text = "# TYPE c gauge\nc 5\n";
  CHECK(merged_text(std::vector<std::string>{}).empty());
  CHECK(merged_text(std::vector<std::string>{"", text, ""}) == text);
}

TEST_CASE("a text that is cut off keeps what it has") {
  CHECK(merged_text(std::vector<std::string>{"1 2\n# TYPE c gauge\nc 5"})
        == "# TYPE c gauge\nc 5");
}

} // namespace merged_text_test
