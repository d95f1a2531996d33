#include "libflow/core/option_set.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "libflow/core/assert.hpp"
#include "libflow/core/suggest.hpp"
#include "libflow/core/units.hpp"

namespace flow {

namespace {

constexpr std::size_t help_width = 80;
constexpr std::size_t meaning_column = 30;

std::string dashed(const option_spec& spec) {
  return (spec.name.size() == 1 ? "-" : "--") + spec.name;
}

option_spec make_spec(std::string name, std::string value_name,
                      std::string help, std::string default_text) {
  option_spec spec;
  spec.name = std::move(name);
  spec.value_name = std::move(value_name);
  spec.help = std::move(help);
  spec.default_text = std::move(default_text);
  return spec;
}

// A way to put the value that `parse` finds where it belongs.
template <class Target, class Parse>
auto storing(Target* target, Parse parse) {
  return [target, parse](std::string_view text) -> expected<void> {
    auto value = parse(text);
    if (!value)
      return value.error();
    *target = std::move(*value);
    return {};
  };
}

// An argument that can only be an option is not taken for a value.
bool looks_like_option(std::string_view argument) {
  return argument.size() > 1 && argument[0] == '-'
         && (argument[1] < '0' || argument[1] > '9');
}

// What one argument says: which option, and the value if it is in there.
struct parsed_argument {
  option_spec* spec;
  std::optional<std::string_view> value;
};

expected<void> take_value(option_spec& spec, std::string_view value) {
  if (!spec.built)
    return usage_error(dashed(spec) + " is not built yet in this version");
  if (std::exchange(spec.seen, true) && !spec.repeatable)
    return usage_error(dashed(spec) + " is given twice");
  if (const auto taken = spec.take(value); !taken)
    return usage_error(dashed(spec) + ": " + taken.error().text);
  return {};
}

std::string entry_text(const option_spec& spec) {
  std::string text;
  if (spec.name.size() > 1 && spec.short_name != '\0')
    text.append("-").append(1, spec.short_name).append(", ");
  else if (spec.name.size() > 1)
    text.append(4, ' ');
  text += dashed(spec);
  if (!spec.value_name.empty())
    text.append(" ").append(spec.value_name);
  return text;
}

std::string meaning_text(const option_spec& spec) {
  std::string text = spec.help;
  if (spec.required)
    text += " (required)";
  if (!spec.default_text.empty())
    text.append(" (default ").append(spec.default_text).append(")");
  if (!spec.built)
    text += " [not built yet]";
  return text;
}

} // namespace

option_set::option_set() = default;
option_set::option_set(option_set&&) noexcept = default;
option_set& option_set::operator=(option_set&&) noexcept = default;
option_set::~option_set() = default;

void option_set::check(std::function<expected<void>()> rule) {
  rules_.push_back(std::move(rule));
}

option option_set::add(std::string name, std::string* target,
                       std::string value_name, std::string help) {
  auto spec =
    make_spec(std::move(name), std::move(value_name), std::move(help), *target);
  spec.take = [target](std::string_view text) -> expected<void> {
    *target = text;
    return {};
  };
  return add_custom(std::move(spec));
}

option option_set::add(std::string name, std::optional<std::string>* target,
                       std::string value_name, std::string help) {
  auto spec = make_spec(std::move(name), std::move(value_name), std::move(help),
                        target->value_or(""));
  spec.take = [target](std::string_view text) -> expected<void> {
    *target = std::string{text};
    return {};
  };
  return add_custom(std::move(spec));
}

option option_set::add(std::string name, std::vector<std::string>* target,
                       std::string value_name, std::string help) {
  auto spec =
    make_spec(std::move(name), std::move(value_name), std::move(help), "");
  spec.repeatable = true;
  spec.take = [target](std::string_view text) -> expected<void> {
    target->emplace_back(text);
    return {};
  };
  return add_custom(std::move(spec));
}

option option_set::add(std::string name, std::chrono::milliseconds* target,
                       std::string help) {
  auto spec = make_spec(std::move(name), "DURATION", std::move(help),
                        format_duration(*target));
  spec.take = storing(target, parse_duration);
  return add_custom(std::move(spec));
}

option option_set::add(std::string name, double* target, std::string value_name,
                       std::string help, double least) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g", *target);
  auto spec = make_spec(std::move(name), std::move(value_name), std::move(help),
                        text.data());
  spec.take = storing(target, [least](std::string_view value) {
    return decimal_value(value, least);
  });
  return add_custom(std::move(spec));
}

option option_set::add(std::string name, std::optional<host_port>* target,
                       std::string help) {
  auto spec = make_spec(std::move(name), "HOST:PORT", std::move(help), "");
  spec.take = storing(target, host_port_value);
  return add_custom(std::move(spec));
}

option option_set::add(std::string name, bool* target, std::string help) {
  auto spec = make_spec(std::move(name), "", std::move(help), "");
  spec.take = [target](std::string_view) -> expected<void> {
    *target = true;
    return {};
  };
  return add_custom(std::move(spec));
}

option option_set::add_size(std::string name, std::uint64_t* target,
                            std::string help) {
  auto spec =
    make_spec(std::move(name), "SIZE", std::move(help), format_size(*target));
  spec.take = storing(target, parse_size);
  return add_custom(std::move(spec));
}

option option_set::add_custom(option_spec spec) {
  if (spec.name.size() == 1)
    spec.short_name = spec.name[0];
  const bool twice =
    std::ranges::find(specs_, spec.name, &option_spec::name) != specs_.end();
  FLOW_ASSERT(!twice, "option " + dashed(spec) + " is declared twice");
  FLOW_ASSERT(spec.take != nullptr, "an option puts its value somewhere");
  return option{specs_.emplace_back(std::move(spec))};
}

void option_set::append(option_set&& other) {
  for (option_spec& spec : other.specs_)
    add_custom(std::move(spec));
  for (auto& rule : other.rules_)
    rules_.push_back(std::move(rule));
  other.specs_.clear();
  other.rules_.clear();
}

expected<void> option_set::parse(std::span<const std::string> arguments) {
  if (auto taken = take_arguments(arguments); !taken)
    return taken;
  return finish();
}

expected<void>
option_set::take_arguments(std::span<const std::string> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    parsed_argument found{nullptr, std::nullopt};
    std::string_view written = argument;
    if (argument.starts_with("--")) {
      const std::size_t equals = argument.find('=');
      written = argument.substr(0, equals);
      found.spec = find_long(written.substr(2));
      if (equals != std::string_view::npos)
        found.value = argument.substr(equals + 1);
    } else if (looks_like_option(argument)) {
      written = argument.substr(0, 2);
      found.spec = find_short(argument[1]);
      if (argument.size() > 2)
        found.value = argument.substr(2);
    } else {
      return usage_error("unexpected argument '" + std::string{argument} + "'");
    }
    if (found.spec == nullptr) {
      const std::vector<std::string> known = names();
      const std::vector<std::string_view> views{known.begin(), known.end()};
      return usage_error(
        "unknown option '" + std::string{written} + "'"
        + (written.size() > 2 ? did_you_mean(written, views) : ""));
    }
    option_spec& spec = *found.spec;
    if (spec.value_name.empty() && found.value)
      return usage_error(dashed(spec) + " takes no value");
    if (!spec.value_name.empty() && !found.value) {
      if (i + 1 == arguments.size() || looks_like_option(arguments[i + 1]))
        return usage_error(dashed(spec) + " needs a value: " + dashed(spec)
                           + " " + spec.value_name);
      found.value = arguments[++i];
    }
    if (auto taken = take_value(spec, found.value.value_or("")); !taken)
      return taken;
  }
  return {};
}

expected<void> option_set::finish() {
  for (const option_spec& spec : specs_)
    if (spec.required && !spec.seen)
      return usage_error(dashed(spec) + " " + spec.value_name + " is missing ("
                         + spec.help + ")");
  for (const auto& rule : rules_)
    if (auto kept = rule(); !kept)
      return kept;
  return {};
}

std::string option_set::help() const {
  std::string out;
  for (const option_spec& spec : specs_)
    append_help_entry(out, entry_text(spec), meaning_text(spec));
  return out;
}

std::vector<std::string> option_set::names() const {
  std::vector<std::string> result;
  for (const option_spec& spec : specs_)
    result.push_back(dashed(spec));
  return result;
}

option_spec* option_set::find_long(std::string_view name) {
  if (name.size() < 2)
    return nullptr;
  const auto found = std::ranges::find(specs_, name, &option_spec::name);
  return found == specs_.end() ? nullptr : &*found;
}

option_spec* option_set::find_short(char letter) {
  const auto found =
    std::ranges::find(specs_, letter, &option_spec::short_name);
  return found == specs_.end() ? nullptr : &*found;
}

void append_wrapped(std::string& out, std::string_view text,
                    std::size_t indent) {
  std::size_t column = indent;
  bool first = true;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    if (!first && column + 1 + word.size() > help_width) {
      out.append("\n").append(indent, ' ');
      column = indent;
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    first = false;
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  out += '\n';
}

void append_help_entry(std::string& out, std::string_view entry,
                       std::string_view meaning) {
  out.append("  ").append(entry);
  const std::size_t used = 2 + entry.size();
  if (used + 2 > meaning_column)
    out.append("\n").append(meaning_column, ' ');
  else
    out.append(meaning_column - used, ' ');
  append_wrapped(out, meaning, meaning_column);
}

} // namespace flow
