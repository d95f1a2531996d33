#include "tools/harness/call.hpp"

#include <array>
#include <utility>

namespace flow::harness {

namespace {

constexpr std::array names_of_name{"fn",     "op",     "call", "name",
                                   "method", "action", "do"};

const value nothing;

} // namespace

call_step::call_step(const value& step) {
  if (step.is_text()) {
    name_ = step.as_text();
    args_ = value::map{};
    return;
  }
  value::map rest = step.as_map();
  for (const char* candidate : names_of_name) {
    const auto found = rest.find(candidate);
    if (found == rest.end() || !found->second.is_text())
      continue;
    name_ = found->second.as_text();
    rest.erase(found);
    break;
  }
  const auto args = rest.find("args");
  if (args == rest.end()) {
    args_ = std::move(rest);
  } else {
    value given = std::move(args->second);
    args_ = std::move(given);
  }
}

void call_step::resolve(const std::vector<std::string>& known) {
  if (!name_.empty())
    return;
  value::map members = args_.as_map();
  for (const std::string& candidate : known) {
    const auto found = members.find(candidate);
    if (found == members.end())
      continue;
    name_ = candidate;
    value argument = std::move(found->second);
    members.erase(found);
    if (argument.is_map())
      for (const auto& [key, member] : argument.as_map())
        members.insert_or_assign(key, member);
    else if (argument.is_list() && members.empty()) {
      args_ = std::move(argument);
      return;
    } else {
      members.emplace("id", argument);
      members.emplace("value", argument);
    }
    args_ = std::move(members);
    return;
  }
}

void call_step::add(const std::string& by_name, const value& argument) {
  if (!args_.is_map() || argument.is_null())
    return;
  value::map members = args_.as_map();
  members.emplace(by_name, argument);
  args_ = std::move(members);
}

const value& call_step::arg(const std::string& by_name,
                            std::size_t position) const {
  if (args_.is_list())
    return position < args_.as_list().size() ? args_.as_list()[position]
                                             : nothing;
  return args_[by_name];
}

const value& call_step::window() const {
  const bool plain = args_.is_list() && args_.as_list().size() == 2
                     && args_.as_list()[0].number();
  if (plain || args_.find("start") != nullptr)
    return args_;
  return arg("window", 0);
}

} // namespace flow::harness
