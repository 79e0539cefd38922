#pragma once

#include <memory>
#include <string>
#include <utility>

#include "fs/file_system.h"
#include "fs/hdfs/webhdfs_client.h"

namespace weir {

/// A file on HDFS. Each read asks the NameNode for a DataNode, then that one for the range, so fewer and larger reads are better.
class HdfsReadableFile final : public ReadableFile {
 public:
  HdfsReadableFile(std::shared_ptr<WebHdfsClient> client, std::string path, int64_t size)
      : client_(std::move(client)), path_(std::move(path)), size_(size) {}

  /// DATA_LOSS if HDFS now has fewer bytes than it listed when the file was opened.
  Status read_at(int64_t offset, int64_t length, std::string* out) override;
  int64_t size() const override { return size_; }

 private:
  const std::shared_ptr<WebHdfsClient> client_;
  const std::string path_;
  const int64_t size_;
};

}  // namespace weir
