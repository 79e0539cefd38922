#pragma once

#include <memory>

#include "fs/hdfs/hadoop_conf.h"
#include "fs/real_registry.h"

namespace weir {

/// The native client for an hdfs:// URI, as the configuration and Hadoop's files say.
StatusOr<std::shared_ptr<FileSystem>> make_native_hdfs(const FileUri& uri, const HadoopConf& conf,
                                                       const RealFileSystemsOptions& options);

}  // namespace weir
