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

/// The properties of Hadoop's configuration files, as a client of HDFS sees them: later files win
/// over earlier ones, but not over what those declare final; XInclude brings other files in;
/// "${other.key}" in a value stands for that key's value, "${env.X}", "${env.X-else}" and
/// "${env.X:-else}" for a variable of the environment, "${user.name}" for a property of the system.
/// Old names of keys count as the new ones. Not here: Hadoop's built-in defaults.
class HadoopConf {
 public:
  using Lookup = std::function<std::optional<std::string>(std::string_view)>;

  /// `environment` knows the variables, `system` what Java calls system properties ("user.name");
  /// both may be empty.
  explicit HadoopConf(Lookup environment = {}, Lookup system = {})
      : environment_(std::move(environment)), system_(std::move(system)) {}

  /// Adds a file's text, which stands at `path` of `fs`, as do the files that it includes.
  /// INVALID_ARGUMENT names the file and the line that is not XML, not a <configuration>, or an
  /// include that cannot be read.
  Status add(std::string_view xml, const std::string& path, FileSystem& fs);

  /// The trimmed value; none if it is missing or empty. A variable that nothing defines stays in it
  /// as "${name}".
  std::optional<std::string> get(const std::string& key) const;
  /// "/etc/hadoop/core-site.xml:12", for messages; empty if the key is not there.
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

/// core-site.xml and hdfs-site.xml of a directory, read through `fs` into `conf`; a file that is
/// missing is taken for empty. NOT_FOUND if neither is there.
Status load_hadoop_conf(FileSystem& fs, const std::string& directory, HadoopConf& conf);

}  // namespace weir
