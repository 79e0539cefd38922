#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/options.h"
#include "weir/detail/base/check.h"

namespace weir {

/// The source of a setting, weakest first.
enum class ConfigLayer { kFile, kCommandLine, kProgram };

struct ConfigOrigin {
  ConfigLayer layer = ConfigLayer::kProgram;
  std::string where = "the program";  ///< for messages: "weir.yaml line 3", "-D", "the program"
};

/// The settings of a job. Holds only values that are valid for their keys. A key that is not set
/// has its default. A value type. Thread: as a std::map.
class Configuration {
 public:
  struct Entry {
    std::string key;
    std::string value;
    ConfigOrigin origin;
  };

  /// INVALID_ARGUMENT, with nothing changed: the key is unknown (the message names the nearest one)
  /// or the value does not fit it. A setting of a stronger layer stays; one of the same layer is
  /// replaced. A key that only Flink needs is noted in ignored(), or refused where ignoring it
  /// would be wrong.
  Status set(std::string_view key, std::string_view value, ConfigOrigin origin = {});
  /// "key=value", as after -D.
  Status set_assignment(std::string_view assignment, ConfigOrigin origin);

  /// The value, or the key's default. For options without a default use get_optional.
  template <class V>
  V get(const Option<V>& option) const {
    auto value = get_optional(option);
    WEIR_CHECK(value.has_value());
    return *std::move(value);
  }
  template <class V>
  std::optional<V> get_optional(const Option<V>& option) const {
    const std::optional<std::string_view> text = text_of(option);
    if (!text) return std::nullopt;
    if constexpr (std::is_same_v<V, std::string>) return std::string(*text);
    else if constexpr (std::is_same_v<V, bool>) return parse_bool(*text).value();
    else if constexpr (std::is_same_v<V, double>) return parse_double(*text).value();
    else if constexpr (std::is_same_v<V, Duration>)
      return std::min(parse_duration(*text).value(), kLongestSetting);
    else if constexpr (std::is_enum_v<V>) return static_cast<V>(choice_of(option, *text));
    else
      return option.type == ConfigType::kSize ? parse_size(*text).value()
                                              : parse_int(*text).value();
  }
  bool is_set(const ConfigKey& key) const { return entries_.contains(key.name); }
  /// For each key whose ".file" key is set, reads the secret from that file, as a setting of the
  /// file key's layer. FAILED_PRECONDITION: a file cannot be read (read_secret_file() says why), or
  /// both keys are set in one layer.
  Status read_secret_files();
  /// "execution.checkpointing.interval = 1 s (weir.yaml line 3)", or with "(default)". For
  /// messages: hides secrets.
  std::string describe(const ConfigKey& key) const;

  /// The settings, ordered by key.
  std::vector<Entry> entries() const;
  /// Settings that a stronger layer overrode with another value, as sentences. For the log.
  const std::vector<std::string>& overridden() const { return overridden_; }

  /// One sentence per reason, naming the keys that only Flink needs. For the log.
  std::vector<std::string> ignored() const;

  /// Checks settings against each other. FAILED_PRECONDITION names those that contradict.
  Status validate() const;

 private:
  struct Setting {
    std::string value;
    ConfigOrigin origin;
  };
  Status set_unknown(std::string_view name, const ConfigOrigin& origin);
  std::optional<std::string_view> text_of(const ConfigKey& key) const;
  static int choice_of(const ConfigKey& key, std::string_view text);

  std::map<std::string, Setting, std::less<>> entries_;
  std::vector<std::string> overridden_;
  std::map<std::string_view, std::vector<std::string>> ignored_;  ///< by reason
};

/// Reads YAML settings, nested or dotted, into `configuration`, from a file of weir's or of
/// Flink's. `name` is for messages. INVALID_ARGUMENT names every wrong line, each on its own line
/// of the message.
Status read_yaml_text(std::string_view text, const std::string& name, Configuration* configuration);
/// The same from a file. NOT_FOUND if it is not there, PERMISSION_DENIED or UNAVAILABLE if it can't
/// be read.
Status read_yaml_file(const std::string& path, Configuration* configuration);

}  // namespace weir
