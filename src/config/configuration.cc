#include "config/configuration.h"

#include <algorithm>
#include <cmath>

#include "base/status_macros.h"
#include "base/strings.h"
#include "config/flink_keys.h"
#include "config/nearest.h"
#include "config/secret_file.h"

namespace weir {
namespace {

std::string fold(std::string_view text) {
  std::string folded(trim(text));
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '_') c = '-';
  }
  return folded;
}

int find_choice(const ConfigKey& key, std::string_view text) {
  const std::string wanted = fold(text);
  int index = 0;
  for (const std::string_view choice : split(key.choices, ',')) {
    for (const std::string_view spelling : split(choice, '|')) {
      if (fold(spelling) == wanted) return index;
    }
    ++index;
  }
  return -1;
}

std::string limit_text(const ConfigKey& key, int64_t limit) {
  if (key.type == ConfigType::kDuration) return format_duration(Duration(limit));
  if (key.type == ConfigType::kSize) return cat(limit, " bytes");
  return cat(limit);
}

Status check_range(const ConfigKey& key, double value) {
  if (value < static_cast<double>(key.min))
    return invalid_argument(cat("is less than the least allowed, ", limit_text(key, key.min)));
  if (value > static_cast<double>(key.max))
    return invalid_argument(cat("is more than the most allowed, ", limit_text(key, key.max)));
  return {};
}

Status check_value(const ConfigKey& key, std::string_view text) {
  switch (key.type) {
    case ConfigType::kString:
    case ConfigType::kSecret:
      return trim(text).empty() ? invalid_argument("is empty; leave the key out instead")
                                : Status();
    case ConfigType::kBool: return parse_bool(text).status();
    case ConfigType::kEnum: {
      if (find_choice(key, text) >= 0) return {};
      std::string choices(key.choices);
      std::replace(choices.begin(), choices.end(), '|', ',');
      std::string list;
      for (const std::string_view choice : split(choices, ','))
        list += cat(list.empty() ? "" : ", ", choice);
      return invalid_argument(cat("is none of its values: ", list));
    }
    case ConfigType::kInt: {
      WEIR_ASSIGN_OR_RETURN(const int64_t value, parse_int(text));
      return check_range(key, static_cast<double>(value));
    }
    case ConfigType::kDouble: {
      WEIR_ASSIGN_OR_RETURN(const double value, parse_double(text));
      return check_range(key, value);
    }
    case ConfigType::kDuration: {
      WEIR_ASSIGN_OR_RETURN(const Duration value, parse_duration(text));
      return check_range(key, static_cast<double>(value.count()));
    }
    case ConfigType::kSize: {
      WEIR_ASSIGN_OR_RETURN(const int64_t value, parse_size(text));
      return check_range(key, static_cast<double>(value));
    }
  }
  return {};
}

/// The value as messages show it.
std::string shown(const ConfigKey& key, std::string_view value) {
  return key.type == ConfigType::kSecret ? "(not shown)" : cat("'", value, "'");
}

Status unknown_key(std::string_view name, const ConfigOrigin& origin) {
  std::vector<std::string_view> names;
  for (const ConfigKey* key : config_keys()) {
    names.push_back(key->name);
    for (const std::string_view alias : split(key->aliases, ',')) {
      if (!alias.empty()) names.push_back(alias);
    }
  }
  std::string message = cat("there is no configuration key '", name, "' (", origin.where, ")");
  if (const auto meant = nearest(name, names)) message += cat("; did you mean '", *meant, "'?");
  else message += "; docs/configuration.md lists all keys";
  return invalid_argument(std::move(message));
}

}  // namespace

Status Configuration::set(std::string_view name, std::string_view value, ConfigOrigin origin) {
  const ConfigKey* key = find_config_key(trim(name));
  if (key == nullptr) return set_unknown(trim(name), origin);
  if (const Status status = check_value(*key, value); !status.ok()) {
    return invalid_argument(
        cat(name, ": ", shown(*key, value), " (", origin.where, ") ", status.message()));
  }
  value = trim(value);
  auto [entry, inserted] = entries_.try_emplace(std::string(key->name));
  Setting& setting = entry->second;
  if (!inserted && setting.origin.layer != origin.layer && setting.value != value) {
    const bool stays = setting.origin.layer > origin.layer;
    const std::string before = cat(shown(*key, setting.value), " (", setting.origin.where, ")");
    const std::string now = cat(shown(*key, value), " (", origin.where, ")");
    const std::string& winner = stays ? before : now;
    const std::string& loser = stays ? now : before;
    overridden_.push_back(cat(key->name, ": ", winner, " takes the place of ", loser));
  }
  if (!inserted && setting.origin.layer > origin.layer) return {};
  setting = {std::string(value), std::move(origin)};
  return {};
}

Status Configuration::set_unknown(std::string_view name, const ConfigOrigin& origin) {
  const FlinkKey* of_flink = find_flink_key(name);
  if (of_flink == nullptr) return unknown_key(name, origin);
  if (of_flink->refused)
    return invalid_argument(cat(name, " (", origin.where,
                                ") is a key of Flink's that weir does not have; ",
                                of_flink->reason));
  ignored_[of_flink->reason].push_back(cat(name, " (", origin.where, ")"));
  return {};
}

std::vector<std::string> Configuration::ignored() const {
  std::vector<std::string> sentences;
  for (const auto& [reason, keys] : ignored_) {
    std::string list;
    for (const std::string& key : keys) list += cat(list.empty() ? "" : ", ", key);
    sentences.push_back(cat(list, keys.size() == 1 ? " has" : " have", " no effect: ", reason));
  }
  return sentences;
}

Status Configuration::set_assignment(std::string_view assignment, ConfigOrigin origin) {
  const size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || trim(assignment.substr(0, equals)).empty()) {
    // The rest of the text may be a secret.
    const size_t name_end = assignment.find_first_not_of(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    const std::string_view rest = name_end == std::string_view::npos ? "" : "…";
    return invalid_argument(cat(origin.where, " '", assignment.substr(0, name_end), rest,
                                "' is not of the form key=value"));
  }
  return set(assignment.substr(0, equals), assignment.substr(equals + 1), std::move(origin));
}

std::optional<std::string_view> Configuration::text_of(const ConfigKey& key) const {
  WEIR_CHECK(find_config_key(key.name) == &key);
  if (const auto entry = entries_.find(key.name); entry != entries_.end())
    return entry->second.value;
  if (key.default_value.empty()) return std::nullopt;
  return key.default_value;
}

int Configuration::choice_of(const ConfigKey& key, std::string_view text) {
  const int choice = find_choice(key, text);
  WEIR_CHECK_GE(choice, 0);
  return choice;
}

std::string Configuration::describe(const ConfigKey& key) const {
  const auto entry = entries_.find(key.name);
  if (entry != entries_.end()) {
    const bool secret = key.type == ConfigType::kSecret;
    return cat(key.name, " = ", secret ? "not shown" : entry->second.value, " (",
               entry->second.origin.where, ")");
  }
  return cat(key.name, " = ", key.default_value.empty() ? "none" : key.default_value, " (default)");
}

std::vector<Configuration::Entry> Configuration::entries() const {
  std::vector<Entry> result;
  for (const auto& [key, setting] : entries_)
    result.push_back({key, setting.value, setting.origin});
  return result;
}

Status Configuration::read_secret_files() {
  for (const ConfigKey* key : config_keys()) {
    if (key->type != ConfigType::kSecret) continue;
    const auto file = entries_.find(cat(key->name, ".file"));
    if (file == entries_.end()) continue;
    const auto given = entries_.find(key->name);
    if (given != entries_.end() && given->second.origin.layer == file->second.origin.layer) {
      return failed_precondition(
          cat(key->name, " and ", file->first, " are both set: leave one of them out"));
    }
    WEIR_ASSIGN_OR_RETURN(const std::string secret,
                          read_secret_file(file->first, file->second.value));
    WEIR_RETURN_IF_ERROR(set(key->name, secret, {file->second.origin.layer, file->second.value}));
  }
  return {};
}

Status Configuration::validate() const {
  using namespace options;
  if (get(kMaxParallelism) == 0)
    return failed_precondition(
        cat(describe(kMaxParallelism), ": there must be a key group; -1 means weir chooses"));
  if (get(kMaxParallelism) > 0 && get(kParallelism) > get(kMaxParallelism)) {
    return failed_precondition(
        cat(describe(kParallelism), " is more than ", describe(kMaxParallelism),
            "; lower the first or, if there is no state yet, raise the second"));
  }
  // A Flink cluster may have its own directory.
  const bool in_flink =
      get(kTarget) == ExecutionTarget::kFlink || get(kRole) == ProcessRole::kChain;
  if (!in_flink && is_set(kFlinkJarOut))
    return failed_precondition(
        cat(describe(kFlinkJarOut), " is for a job that Flink runs: add --target flink"));
  if (!in_flink && (is_set(kCheckpointInterval) || is_set(kCheckpointEventThreshold)) &&
      !is_set(kCheckpointDir)) {
    return failed_precondition(cat(
        "checkpoints are on (",
        describe(is_set(kCheckpointInterval) ? static_cast<const ConfigKey&>(kCheckpointInterval)
                                             : kCheckpointEventThreshold),
        ") but have no place to go; set ", kCheckpointDir.name,
        " or call env.set_state_backend(FsStateBackend(\"hdfs://…\"))"));
  }
  if (get_optional(kStateRecoveryPath).value_or("none") == "latest" && !is_set(kCheckpointDir)) {
    return failed_precondition(cat(describe(kStateRecoveryPath), " looks for checkpoints in ",
                                   kCheckpointDir.name, ", which is not set"));
  }
  if (const std::string from = get_optional(kStateRecoveryPath).value_or("none");
      from != fold(from) && (fold(from) == "latest" || fold(from) == "none")) {
    return failed_precondition(cat(describe(kStateRecoveryPath), ": write '", fold(from),
                                   "' in small letters, or ./", from,
                                   " if a directory of that name is meant"));
  }
  if (get(kExponentialDelayMaxBackoff) < get(kExponentialDelayInitialBackoff)) {
    return failed_precondition(cat(describe(kExponentialDelayMaxBackoff), " is less than ",
                                   describe(kExponentialDelayInitialBackoff)));
  }
  return {};
}

}  // namespace weir
