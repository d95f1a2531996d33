#include <nlohmann/json.hpp>

#include "tools/harness/value.hpp"

namespace flow::harness {

namespace {

constexpr std::int64_t exact = (std::int64_t{1} << 53) - 1;

value from_json(const nlohmann::json& json) {
  if (json.is_boolean())
    return json.get<bool>();
  if (json.is_number_unsigned()
      && json.get<std::uint64_t>() > std::uint64_t{1} << 62)
    throw std::invalid_argument("the number " + json.dump()
                                + " is beyond 64 bits");
  if (json.is_number_integer())
    return json.get<std::int64_t>();
  if (json.is_number_float())
    throw std::invalid_argument("there are no floating point numbers, found "
                                + json.dump());
  if (json.is_string()) {
    value text = json.get<std::string>();
    const auto number = text.number();
    return number && (*number > exact || *number < -exact) ? value{*number}
                                                           : text;
  }
  if (json.is_array()) {
    value::list items;
    for (const auto& item : json)
      items.push_back(from_json(item));
    return items;
  }
  if (json.is_object()) {
    value::map members;
    for (const auto& [name, member] : json.items())
      members.emplace(name, from_json(member));
    return members;
  }
  return {};
}

} // namespace

expected<value> parse_json(std::string_view json) {
  try {
    return from_json(nlohmann::json::parse(json));
  } catch (const std::exception& thrown) {
    return error{error_code::malformed_input, thrown.what()};
  }
}

} // namespace flow::harness
