#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "fs/hdfs/hdfs_options.h"
#include "fs/hdfs/hdfs_retry.h"
#include "fs/real_registry.h"

namespace weir {

/// The settings of both clients of HDFS.
struct HdfsSettings {
  std::string user;
  std::string proxy_user;  ///< `user` acts for this one; empty: for itself
  HdfsRetryOptions retry;  ///< without `now`
  std::chrono::milliseconds silence{60'000};
  HdfsOptions hdfs;
};

/// INVALID_ARGUMENT names the key.
StatusOr<HdfsSettings> hdfs_settings(const RealFileSystemsOptions& options);

/// nullopt also for a blank value.
std::optional<std::string> look_up_setting(const RealFileSystemsOptions::Lookup& lookup,
                                           std::string_view name);

}  // namespace weir
