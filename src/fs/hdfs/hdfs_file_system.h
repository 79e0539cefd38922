#pragma once

#include <memory>
#include <string>

#include "fs/file_system.h"
#include "fs/hdfs/hdfs_options.h"
#include "fs/hdfs/webhdfs_client.h"

namespace weir {

/// HDFS through WebHDFS.
/// A file appears on the NameNode when its bytes are sent: at close(), or once `buffer_bytes` are
/// exceeded; so a second exclusive writer may learn only then that it lost. An interrupted upload
/// leaves a shorter file, closed and readable, because HDFS keeps the bytes that arrived. close()
/// compares the length that HDFS lists with the bytes sent. Thread: any.
class HdfsFileSystem final : public FileSystem {
 public:
  HdfsFileSystem(HdfsOptions options, WebHdfsOptions web, std::unique_ptr<Http> http);

  StatusOr<std::unique_ptr<WritableFile>> create(const std::string& path, CreateMode mode) override;
  StatusOr<std::unique_ptr<ReadableFile>> open(const std::string& path) override;
  StatusOr<FileInfo> stat(const std::string& path) override;
  StatusOr<std::vector<FileInfo>> list(const std::string& path) override;
  Status make_directories(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_all(const std::string& path) override;
  Durability durability() const override {
    return options_.sync_on_close ? Durability::kPower : Durability::kProcess;
  }

 private:
  Status remove_with(const std::string& path, bool recursive);

  const HdfsOptions options_;
  const std::shared_ptr<WebHdfsClient> client_;  // shared with the open files
};

}  // namespace weir
