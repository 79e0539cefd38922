#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <optional>
#include <system_error>

#include "base/status_macros.h"
#include "base/strings.h"
#include "config/configuration.h"
#include "config/flink_keys.h"
#include "config/keys/hdfs.h"
#include "config/options.h"
#include "config/secret_file.h"

namespace weir {
namespace {

struct Leaf {
  std::string key;
  std::string value;
  int line;
};

/// The text of a list. Keys that take several values get them joined by commas; others accept only
/// a single value.
StatusOr<std::string> list_text(const YAML::Node& list, const std::string& key,
                                const std::string& place) {
  if (find_flink_key(key) != nullptr) return std::string();
  const bool takes_several = key == options::kZooKeeperQuorum.name ||
                             key == options::kHdfsHttpAddress.name ||
                             key == options::kHdfsRpcAddress.name;
  if (list.size() != 1 && !takes_several)
    return invalid_argument(
        cat(place, ": '", key, "' takes one value, but is a list of ", list.size()));
  std::string text;
  for (const auto& element : list) {
    if (!element.IsScalar())
      return invalid_argument(cat(place, ": the list '", key, "' may only have plain values"));
    text += cat(text.empty() ? "" : ",", element.Scalar());
  }
  return text;
}

/// {a: {b: 1}} as a.b = 1.
Status flatten(const YAML::Node& node, const std::string& prefix, const std::string& name,
               std::vector<Leaf>* leaves) {
  for (const auto& child : node) {
    const int line = child.first.Mark().line + 1;
    if (!child.first.IsScalar())
      return invalid_argument(cat(name, " line ", line, ": a key must be a plain name"));
    const std::string key =
        prefix.empty() ? child.first.Scalar() : cat(prefix, ".", child.first.Scalar());
    const YAML::Node& value = child.second;
    if (value.IsMap()) {
      WEIR_RETURN_IF_ERROR(flatten(value, key, name, leaves));
    } else if (value.IsScalar()) {
      leaves->push_back({key, value.Scalar(), line});
    } else if (value.IsSequence()) {
      WEIR_ASSIGN_OR_RETURN(std::string text, list_text(value, key, cat(name, " line ", line)));
      leaves->push_back({key, std::move(text), line});
    } else if (find_flink_key(key) != nullptr) {
      leaves->push_back({key, "", line});
    } else {
      return invalid_argument(
          cat(name, " line ", line, ": '", key, "' has no value; give it one or remove the line"));
    }
  }
  return {};
}

/// `secret` gets the first line that holds a password or another secret.
Status read_text(std::string_view text, const std::string& name, Configuration* configuration,
                 std::optional<Leaf>* secret) {
  std::vector<Leaf> leaves;
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    if (root.IsNull()) return {};
    if (root.IsSequence()) {
      return invalid_argument(cat(name, " line ", root.Mark().line + 1,
                                  ": the file is a list ('- …'), but settings are lines of the "
                                  "form 'key: value': leave the dashes out"));
    }
    if (!root.IsMap())
      return invalid_argument(
          cat(name, " line ", root.Mark().line + 1, ": that is no line of the form 'key: value'"));
    WEIR_RETURN_IF_ERROR(flatten(root, "", name, &leaves));
  } catch (const YAML::Exception& e) {
    return invalid_argument(cat(name, " line ", e.mark.line + 1, ": not valid YAML: ", e.msg));
  }
  std::string problems;
  const auto note = [&](std::string_view problem) {
    problems += cat(problems.empty() ? "" : "\n", problem);
  };
  std::map<const ConfigKey*, int> seen;
  for (const Leaf& leaf : leaves) {
    const Status set = configuration->set(leaf.key, leaf.value,
                                          {ConfigLayer::kFile, cat(name, " line ", leaf.line)});
    if (!set.ok()) note(set.message());
    const ConfigKey* key = find_config_key(leaf.key);
    if (key == nullptr) continue;
    if (key->type == ConfigType::kSecret && !*secret) *secret = leaf;
    const auto [first, inserted] = seen.try_emplace(key, leaf.line);
    if (!inserted)
      note(cat(name, " gives '", key->name, "' twice, in line ", first->second, " and in line ",
               leaf.line));
  }
  return problems.empty() ? Status() : invalid_argument(std::move(problems));
}

}  // namespace

Status read_yaml_text(std::string_view text, const std::string& name,
                      Configuration* configuration) {
  std::optional<Leaf> secret;
  return read_text(text, name, configuration, &secret);
}

Status read_yaml_file(const std::string& path, Configuration* configuration) {
  std::ifstream file(path);
  if (!file) {
    const std::error_code reason(errno, std::generic_category());
    const std::string message =
        cat("cannot read the configuration file ", path, ": ", reason.message());
    if (reason == std::errc::no_such_file_or_directory) return not_found(message);
    return reason == std::errc::permission_denied
               ? permission_denied(cat(message, "; ls -l ", path, " shows who may"))
               : unavailable(message);
  }
  std::string text;
  char buffer[4096];
  while (file.read(buffer, sizeof buffer), file.gcount() > 0)
    text.append(buffer, static_cast<size_t>(file.gcount()));
  if (file.bad())
    return unavailable(cat("reading the configuration file ", path, " failed; is it a file?"));
  std::optional<Leaf> secret;
  Status status = read_text(text, path, configuration, &secret);
  if (!status.ok() || !secret) return status;
  status = check_secret_file(path, path);
  if (status.ok()) return status;
  return failed_precondition(cat(status.message(), ". Line ", secret->line, " has the secret ",
                                 secret->key, ": or give it in a file of its own, with ",
                                 secret->key, ".file"));
}

}  // namespace weir
