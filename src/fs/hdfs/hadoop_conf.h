#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fs/file_system.h"

namespace weir {

/// The properties of Hadoop's configuration files, with a client's rules. Later files override
/// earlier ones, except values that those declare final. XInclude includes other files.
/// "${other.key}" in a value is replaced by that key's value; "${env.X}", "${env.X-else}" and
/// "${env.X:-else}" by an environment variable; "${user.name}" by a system property. Old names of
/// keys count as the new ones. Not here: Hadoop's built-in defaults.
class HadoopConf {
 public:
  using Lookup = std::function<std::optional<std::string>(std::string_view)>;

  /// `environment` looks up environment variables, `system` looks up Java's system properties
  /// ("user.name"); both may be empty.
  explicit HadoopConf(Lookup environment = {}, Lookup system = {})
      : environment_(std::move(environment)), system_(std::move(system)) {}

  /// Adds the text of the file at `path` of `fs`, and of the files that it includes.
  /// INVALID_ARGUMENT names the file and the line that is not XML, is not a <configuration>, or
  /// includes an unreadable file.
  Status add(std::string_view xml, const std::string& path, FileSystem& fs);

  /// The trimmed value; nullopt if it is missing or empty. An undefined variable stays in it as
  /// "${name}".
  std::optional<std::string> get(const std::string& key) const;
  /// For messages: "/etc/hadoop/core-site.xml:12"; empty if the key is not set.
  std::string place(const std::string& key) const;
  std::vector<std::string> keys() const;

 private:
  class Reader;
  struct Property {
    std::string value;
    bool is_final = false;
    std::string place;
  };

  void set(std::string name, Property property);
  std::optional<std::string> variable(const std::string& name) const;

  Lookup environment_;
  Lookup system_;
  std::map<std::string, Property> properties_;
};

/// Reads core-site.xml and hdfs-site.xml of a directory through `fs` into `conf`; a missing file
/// counts as empty. NOT_FOUND if both are missing.
Status load_hadoop_conf(FileSystem& fs, const std::string& directory, HadoopConf& conf);

}  // namespace weir
