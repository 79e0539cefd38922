#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/status.h"

namespace weir::tool {

/// An option of a command: "--name", or "--name VALUE" if it takes one.
struct OptionSpec {
  std::string_view name;
  std::string_view value{};  ///< for the help; empty: it takes none
  std::string_view help{};
};

/// The command line after the command's name.
struct Arguments {
  std::vector<std::string> operands;
  std::map<std::string, std::string> options;  ///< without the dashes
  std::vector<std::string> settings;           ///< of -D, "key=value"

  bool has(const std::string& option) const { return options.contains(option); }
  std::string option(const std::string& name, const std::string& otherwise = "") const;
};

/// "--name=VALUE" is "--name VALUE"; after "--" everything is an operand. INVALID_ARGUMENT: an
/// unknown option, or a value that is missing or not wanted.
StatusOr<Arguments> parse_arguments(std::span<const std::string> words,
                                    std::span<const OptionSpec> options);

}  // namespace weir::tool
