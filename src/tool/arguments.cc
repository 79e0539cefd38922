#include "tool/arguments.h"

#include <algorithm>

#include "base/strings.h"

namespace weir::tool {

std::string Arguments::option(const std::string& name, const std::string& otherwise) const {
  const auto found = options.find(name);
  return found == options.end() ? otherwise : found->second;
}

StatusOr<Arguments> parse_arguments(std::span<const std::string> words,
                                    std::span<const OptionSpec> options) {
  Arguments arguments;
  bool only_operands = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (only_operands || word.size() < 2 || word[0] != '-') {
      arguments.operands.push_back(word);
    } else if (word == "--") {
      only_operands = true;
    } else if (word == "-D" || word.starts_with("-D")) {
      if (word.size() == 2 && i + 1 == words.size())
        return invalid_argument("-D needs a setting: -D key=value");
      arguments.settings.push_back(word.size() > 2 ? word.substr(2) : words[++i]);
    } else {
      const size_t equals = word.find('=');
      const std::string name = word.substr(0, equals);
      const auto known = std::find_if(options.begin(), options.end(), [&](const OptionSpec& each) {
        return cat("--", each.name) == name;
      });
      if (known == options.end()) return invalid_argument(cat("unknown option ", name));
      std::string& value = arguments.options[std::string(known->name)];
      if (equals != std::string::npos) {
        if (known->value.empty()) return invalid_argument(cat(name, " takes no value"));
        value = word.substr(equals + 1);
      } else if (!known->value.empty()) {
        if (i + 1 == words.size())
          return invalid_argument(cat(name, " needs a value: ", name, " ", known->value));
        value = words[++i];
      }
    }
  }
  return arguments;
}

}  // namespace weir::tool
