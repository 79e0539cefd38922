#include <yaml-cpp/yaml.h>

#include <fstream>
#include <map>

#include "base/status_macros.h"
#include "base/strings.h"
#include "config/configuration.h"

namespace weir {
namespace {

struct Leaf {
  std::string key;
  std::string value;
  int line;
};

/// {a: {b: 1}} as a.b = 1. A list becomes its elements with ';' between them, as Flink writes lists.
Status flatten(const YAML::Node& node, const std::string& prefix, const std::string& name, std::vector<Leaf>* leaves) {
  for (const auto& child : node) {
    const int line = child.first.Mark().line + 1;
    if (!child.first.IsScalar()) return invalid_argument(cat(name, " line ", line, ": a key must be a plain name"));
    const std::string key = prefix.empty() ? child.first.Scalar() : cat(prefix, ".", child.first.Scalar());
    const YAML::Node& value = child.second;
    if (value.IsMap()) {
      WEIR_RETURN_IF_ERROR(flatten(value, key, name, leaves));
    } else if (value.IsScalar()) {
      leaves->push_back({key, value.Scalar(), line});
    } else if (value.IsSequence()) {
      std::string text;
      for (const auto& element : value) {
        if (!element.IsScalar())
          return invalid_argument(cat(name, " line ", line, ": the list '", key, "' may only have plain values"));
        text += cat(text.empty() ? "" : ";", element.Scalar());
      }
      leaves->push_back({key, text, line});
    } else {
      return invalid_argument(cat(name, " line ", line, ": '", key, "' has no value; give it one or remove the line"));
    }
  }
  return {};
}

}  // namespace

Status read_yaml_text(std::string_view text, const std::string& name, Configuration* configuration) {
  std::vector<Leaf> leaves;
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    if (root.IsNull()) return {};
    if (!root.IsMap()) return invalid_argument(cat(name, " must be a list of 'key: value' lines"));
    WEIR_RETURN_IF_ERROR(flatten(root, "", name, &leaves));
  } catch (const YAML::Exception& e) {
    return invalid_argument(cat(name, " line ", e.mark.line + 1, ": not valid YAML: ", e.msg));
  }
  std::map<const ConfigKey*, int> seen;
  for (const Leaf& leaf : leaves) {
    WEIR_RETURN_IF_ERROR(configuration->set(leaf.key, leaf.value, {ConfigLayer::kFile, cat(name, " line ", leaf.line)}));
    const auto [first, inserted] = seen.try_emplace(find_config_key(leaf.key), leaf.line);
    if (!inserted)
      return invalid_argument(
          cat(name, " gives '", first->first->name, "' twice, in line ", first->second, " and in line ", leaf.line));
  }
  return {};
}

Status read_yaml_file(const std::string& path, Configuration* configuration) {
  std::ifstream file(path);
  if (!file) return not_found(cat("cannot read the configuration file ", path));
  std::string text;
  char buffer[4096];
  while (file.read(buffer, sizeof buffer), file.gcount() > 0) text.append(buffer, static_cast<size_t>(file.gcount()));
  if (file.bad()) return unavailable(cat("reading the configuration file ", path, " failed; is it a file?"));
  return read_yaml_text(text, path, configuration);
}

}  // namespace weir
