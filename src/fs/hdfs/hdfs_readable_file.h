#pragma once

#include <memory>
#include <string>
#include <utility>

#include "fs/file_system.h"
#include "fs/hdfs/webhdfs_client.h"

namespace weir {

/// A file on HDFS. Each read asks the NameNode for a DataNode, and that for the range, so fewer and
/// larger reads are better. Large reads that continue where the previous one ended, or a little
/// before, share one stream.
class HdfsReadableFile final : public ReadableFile {
 public:
  HdfsReadableFile(std::shared_ptr<WebHdfsClient> client, std::string path, int64_t size)
      : client_(std::move(client)), path_(std::move(path)), size_(size) {}

  /// DATA_LOSS if HDFS now has fewer bytes than it listed when the file was opened.
  Status read_at(int64_t offset, int64_t length, std::string* out) override;
  int64_t size() const override { return size_; }
  StatusOr<bool> being_written() override;

 private:
  Status read_range(int64_t offset, int64_t wanted, std::string* out);
  /// False: there is no stream to read from, or it failed.
  bool read_on(int64_t offset, int64_t wanted, std::string* out);

  const std::shared_ptr<WebHdfsClient> client_;
  const std::string path_;
  const int64_t size_;
  // The end of the last read, the bytes before it, and, after two consecutive reads, the stream
  // that continues there.
  int64_t position_ = -1;
  std::string tail_;
  std::unique_ptr<HttpDownload> stream_;
  bool can_stream_ = true;
};

}  // namespace weir
