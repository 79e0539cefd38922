#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "fs/file_system.h"

namespace weir {

/// The properties of Hadoop's configuration files, as a client of HDFS sees them: later files win over earlier ones, and
/// "${other.key}" in a value stands for that key's value. Not here: XInclude, final properties, Hadoop's built-in defaults.
class HadoopConf {
 public:
  /// Adds a file's text. INVALID_ARGUMENT names `file` and the place where it is not XML, or not a <configuration>.
  Status add(std::string_view xml, const std::string& file);

  /// The trimmed value; none if it is missing or empty.
  std::optional<std::string> get(const std::string& key) const;
  const std::map<std::string, std::string>& raw() const { return properties_; }

 private:
  std::map<std::string, std::string> properties_;
};

/// core-site.xml and hdfs-site.xml of a directory, read through `fs`; a file that is missing is taken for empty.
/// NOT_FOUND if neither is there.
StatusOr<HadoopConf> load_hadoop_conf(FileSystem& fs, const std::string& directory);

}  // namespace weir
