#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fs/file_system_registry.h"
#include "platform/clock.h"

namespace weir {

/// The environment that the real file systems need. Each function is called from any thread.
struct RealFileSystemsOptions {
  using Lookup = std::function<std::optional<std::string>(std::string_view)>;
  Lookup config;       ///< configuration keys such as "fs.hdfs.http-address"; empty: none is set
  Lookup environment;  ///< environment variables such as HADOOP_CONF_DIR; empty: none is set
  std::string login_user;  ///< the user name for HDFS when HADOOP_USER_NAME is not set
  /// Waits between attempts; empty: no waits.
  std::function<void(std::chrono::milliseconds)> sleep;
  /// Measures how long calls take; empty: calls have no deadline.
  std::function<MonotonicTime()> now;
  std::function<int64_t()> wall_ms;              ///< gives the times of files in memory://
  std::map<std::string, FileSystemFactory> own;  ///< the program's file systems, by scheme
  int max_calls = 64;                            ///< under way at a time on one file system
  /// False: refused, because other processes would resolve them to other places.
  bool relative_paths = true;
};

/// Makes the file system for a URI's scheme and authority.
using MakeFileSystem = StatusOr<std::shared_ptr<FileSystem>>(const FileUri& uri,
                                                             const RealFileSystemsOptions& options);

/// The real file systems: file, memory, hdfs, webhdfs and s3. One object per scheme and authority,
/// made at first use; everyone who resolves "memory://name" here shares it. Thread: any.
class RealFileSystems final : public FileSystemRegistry {
 public:
  explicit RealFileSystems(RealFileSystemsOptions options) : options_(std::move(options)) {}

  StatusOr<FileLocation> resolve(const std::string& uri) override;

 private:
  StatusOr<std::shared_ptr<FileSystem>> make(const FileUri& uri) const;

  const RealFileSystemsOptions options_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::map<std::pair<std::string, std::string>, std::shared_ptr<FileSystem>> made_;
};

/// The name of this process's user, or its number if it has no name.
std::string process_login_user();
/// An environment variable of this process, for RealFileSystemsOptions::environment.
std::optional<std::string> process_environment(std::string_view name);

}  // namespace weir

/// weir::hdfs and weir::s3; see base/component.h.
extern "C" [[gnu::weak]] weir::MakeFileSystem* weir_component_hdfs();
extern "C" [[gnu::weak]] weir::MakeFileSystem* weir_component_s3();
