#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libflow/core/error.hpp"
#include "libflow/core/option_values.hpp"

namespace flow {

/// One option of a program, as it was declared.
struct option_spec {
  std::string name;       ///< without dashes; one letter: `-x` alone
  char short_name = '\0'; ///< '\0': none
  std::string value_name; ///< empty: a flag, takes no value
  std::string help;
  std::string default_text; ///< empty: none is shown
  bool required = false;
  bool repeatable = false;
  bool built = true; ///< false: using it is an error that says so
  bool seen = false;
  std::function<expected<void>(std::string_view)> take;
};

/// What can still be said of an option that was just declared.
class option {
public:
  explicit option(option_spec& spec) : spec_(&spec) {}

  option& required() {
    spec_->required = true;
    spec_->default_text.clear();
    return *this;
  }
  option& short_name(char letter) {
    spec_->short_name = letter;
    return *this;
  }
  /// Instead of the target's value at the time of declaration.
  option& default_text(std::string text) {
    spec_->default_text = std::move(text);
    return *this;
  }
  option& built(bool is_built) {
    spec_->built = is_built;
    return *this;
  }

private:
  option_spec* spec_; // in the set, which outlives the declaration
};

/// The options of a program and where their values go.
///
///     std::string input;
///     std::chrono::milliseconds window = std::chrono::hours{1};
///     flow::option_set options;
///     options.add("input", &input, "FILE", "what to read").required();
///     options.add("window", &window, "length of a window");
///
/// Owner: the program's `main`; the targets must outlive `parse`, hold the
/// defaults before it and are written by it. Texts of errors name the option
/// and say what to do. `--name value`, `--name=value`, `-n value` and `-nvalue`
/// are understood; an option that is given twice is an error; there are no
/// arguments without a name.
/// @thread one at a time
class option_set {
public:
  option_set();
  option_set(option_set&&) noexcept;
  option_set& operator=(option_set&&) noexcept;
  ~option_set();

  option add(std::string name, std::string* target, std::string value_name,
             std::string help);
  option add(std::string name, std::optional<std::string>* target,
             std::string value_name, std::string help);
  /// May be given any number of times.
  option add(std::string name, std::vector<std::string>* target,
             std::string value_name, std::string help);
  option add(std::string name, std::chrono::milliseconds* target,
             std::string help);
  option add(std::string name, double* target, std::string value_name,
             std::string help, double least = 0);
  option add(std::string name, std::optional<host_port>* target,
             std::string help);
  /// True when given; takes no value.
  option add(std::string name, bool* target, std::string help);

  template <std::integral Int>
  requires(!std::same_as<Int, bool>) option
    add(std::string name, Int* target, std::string value_name, std::string help,
        int_range range = range_of<Int>());

  /// A size in bytes: `64MiB`.
  option add_size(std::string name, std::uint64_t* target, std::string help);

  /// One of a list of names; the target holds the default.
  template <class Enum>
  option add_choice(std::string name, Enum* target,
                    std::vector<std::pair<std::string_view, Enum>> choices,
                    std::string help);

  /// Any other kind of value.
  option add_custom(option_spec spec);

  /// A rule over several options, asked after all values are in their places.
  void check(std::function<expected<void>()> rule);

  /// Appends the options of another set, which this one then owns.
  void append(option_set&& other);

  /// Arguments without the program's name. On an error the targets hold some
  /// of the values. A `--help` is left to whoever declared it.
  expected<void> parse(std::span<const std::string> arguments);

  /// Only puts the values in their places; `finish` does the rest.
  expected<void> take_arguments(std::span<const std::string> arguments);
  /// Required options and rules.
  expected<void> finish();

  /// The options' part of a help text, 80 columns wide.
  [[nodiscard]] std::string help() const;

  /// Long names with their dashes.
  [[nodiscard]] std::vector<std::string> names() const;

private:
  template <class Int>
  static constexpr int_range range_of() {
    int_range range;
    if (std::cmp_greater(std::numeric_limits<Int>::min(), range.least))
      range.least = static_cast<std::int64_t>(std::numeric_limits<Int>::min());
    if (std::cmp_less(std::numeric_limits<Int>::max(), range.most))
      range.most = static_cast<std::int64_t>(std::numeric_limits<Int>::max());
    return range;
  }

  option_spec* find_long(std::string_view name);
  option_spec* find_short(char letter);

  std::deque<option_spec> specs_; // addresses stay
  std::vector<std::function<expected<void>()>> rules_;
};

template <std::integral Int>
requires(!std::same_as<Int, bool>) option option_set::add(
  std::string name, Int* target, std::string value_name, std::string help,
  int_range range) {
  option_spec spec;
  spec.name = std::move(name);
  spec.value_name = std::move(value_name);
  spec.help = std::move(help);
  spec.default_text = std::to_string(*target);
  spec.take = [target, range](std::string_view text) -> expected<void> {
    const auto value = integer_value(text, range);
    if (!value)
      return value.error();
    *target = static_cast<Int>(*value);
    return {};
  };
  return add_custom(std::move(spec));
}

template <class Enum>
option
option_set::add_choice(std::string name, Enum* target,
                       std::vector<std::pair<std::string_view, Enum>> choices,
                       std::string help) {
  std::vector<std::string_view> names;
  option_spec spec;
  for (const auto& [text, value] : choices) {
    names.push_back(text);
    spec.value_name.append(names.size() == 1 ? "" : "|").append(text);
    if (value == *target)
      spec.default_text = text;
  }
  spec.name = std::move(name);
  spec.help = std::move(help);
  spec.take = [target, choices = std::move(choices),
               names](std::string_view text) -> expected<void> {
    const auto index = choice_value(text, names);
    if (!index)
      return index.error();
    *target = choices[*index].second;
    return {};
  };
  return add_custom(std::move(spec));
}

/// Appends `text` to `out` in lines of at most 80 columns, each after `indent`
/// blanks; the first line goes on where `out` ends.
void append_wrapped(std::string& out, std::string_view text,
                    std::size_t indent);

/// One entry of a help text: what is written, and beside or below it what it
/// means.
void append_help_entry(std::string& out, std::string_view entry,
                       std::string_view meaning);

} // namespace flow
