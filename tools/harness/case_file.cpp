#include "tools/harness/case_file.hpp"

#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

namespace flow::harness {

namespace {

test_case case_of(const std::string& suite, const value& json) {
  test_case result;
  result.suite = suite;
  result.id = json["id"].as_text();
  if (const value* tags = json.find("tags"))
    for (const value& tag : tags->as_list())
      result.tags.push_back(tag.as_text());
  result.description = json["operator"].as_map();
  result.steps = json["steps"].as_list();
  return result;
}

std::vector<test_case> cases_of(const value& json) {
  const std::string& suite = json["suite"].as_text();
  std::vector<test_case> result;
  std::set<std::string> ids;
  for (const value& each : json["cases"].as_list()) {
    result.push_back(case_of(suite, each));
    if (!ids.insert(result.back().id).second)
      throw std::invalid_argument("the case \"" + result.back().id
                                  + "\" is there twice");
  }
  return result;
}

} // namespace

expected<std::vector<test_case>> read_case_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file)
    return error{error_code::not_found, path + ": cannot be read"};
  const auto json = parse_json(text.str());
  if (!json)
    return error{error_code::malformed_input, path + ": " + json.error().text};
  try {
    return cases_of(*json);
  } catch (const std::invalid_argument& thrown) {
    return error{error_code::malformed_input, path + ": " + thrown.what()};
  }
}

} // namespace flow::harness
