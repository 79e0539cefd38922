#pragma once

#include <memory>
#include <string>

#include "fs/file_system.h"

namespace weir {

/// A URI split at its authority: "hdfs://nn:8020/a/b" is {"hdfs", "nn:8020", "/a/b"}; "/a" and "a"
/// are {"file", "", absolute path}.
struct FileUri {
  std::string scheme;
  std::string authority;
  std::string path;

  std::string to_string() const;
};
/// INVALID_ARGUMENT names the URI and what is wrong with it.
StatusOr<FileUri> parse_file_uri(const std::string& uri);

/// A file system and a path on it. Copyable; copies share the file system.
struct FileLocation {
  std::shared_ptr<FileSystem> fs;
  std::string path;
  std::string uri;  ///< for messages

  FileLocation child(std::string_view name) const;
};

/// Finds the file system for a URI's scheme and authority. One per process; passed down by
/// constructor.
class FileSystemRegistry {
 public:
  virtual ~FileSystemRegistry() = default;
  virtual StatusOr<FileLocation> resolve(const std::string& uri) = 0;
};

}  // namespace weir
