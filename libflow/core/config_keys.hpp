#pragma once

#include <span>
#include <string>
#include <string_view>

#include "libflow/core/error.hpp"
#include "libflow/core/job_options.hpp"

namespace flow {

/// One configuration key. The names are API.
struct config_key {
  std::string_view name;
  std::string_view kind;         ///< what a value looks like, with its unit
  std::string_view default_text; ///< empty: none
  std::string_view help;
  bool built = true; ///< false: setting it is an error that says so
  expected<void> (*apply)(job_options& options, std::string_view value);
};

/// All keys, in the order of the help text.
std::span<const config_key> config_keys();

/// Puts a key's value into the options. An unknown key, a key that is not
/// built and a value that cannot be used are errors that name the key.
expected<void> set_config_key(job_options& options, std::string_view name,
                              std::string_view value);

/// Sets every key of a TOML text, nested or dotted; `path` is for errors, which
/// begin with `path:line: `.
expected<void> set_config_toml(job_options& options, std::string_view text,
                               const std::string& path);

/// The keys' part of a help text, 80 columns wide.
[[nodiscard]] std::string config_help();

} // namespace flow
