#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fs/file_system_registry.h"
#include "platform/clock.h"

namespace weir {

/// What the real file systems want to know of the world; each function is called from any thread.
struct RealFileSystemsOptions {
  using Lookup = std::function<std::optional<std::string>(std::string_view)>;
  Lookup config;  ///< configuration keys such as "fs.hdfs.http-address"; without it none is set
  Lookup environment;  ///< environment variables such as HADOOP_CONF_DIR; without it none is set
  std::string login_user;  ///< whom HDFS is told about when HADOOP_USER_NAME is not set
  std::function<void(std::chrono::milliseconds)>
      sleep;  ///< waits between attempts; without it there is no wait
  std::function<MonotonicTime()>
      now;  ///< measures how long calls take; without it they have no deadline
  std::function<int64_t()> wall_ms;  ///< dates files in memory://
  bool relative_paths =
      true;  ///< false: refused, where other processes would take them for other places
};

/// The file systems of the real world: file, memory, hdfs and webhdfs. One object per scheme and
/// authority, made at first use; "memory://name" is shared by all who resolve it here. Thread: any.
class RealFileSystems final : public FileSystemRegistry {
 public:
  explicit RealFileSystems(RealFileSystemsOptions options) : options_(std::move(options)) {}

  StatusOr<FileLocation> resolve(const std::string& uri) override;

 private:
  StatusOr<std::shared_ptr<FileSystem>> make(const FileUri& uri) const;

  const RealFileSystemsOptions options_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<FileSystem>>
      made_;  // guarded by mutex_
};

/// The name of the user this process runs as; its number where it has no name.
std::string process_login_user();
/// An environment variable of this process, for RealFileSystemsOptions::environment.
std::optional<std::string> process_environment(std::string_view name);

}  // namespace weir
