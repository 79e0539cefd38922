#pragma once

#include <memory>
#include <string>

#include "fs/file_system.h"
#include "fs/hdfs/native_hdfs.h"

namespace weir {

/// A file of HDFS that is written to its DataNodes. It is on the NameNode from the beginning, and
/// readable by its blocks. Only a successful close() proves that nobody took it away meanwhile:
/// DataNodes acknowledge bytes of files that are gone.
class NativeWritableFile final : public WritableFile {
 public:
  /// Makes the file, see FileSystem::create().
  static StatusOr<std::unique_ptr<WritableFile>> create(std::shared_ptr<const NativeHdfs> hdfs,
                                                        const std::string& path, CreateMode mode);
  NativeWritableFile(std::shared_ptr<const NativeHdfs> hdfs, BlockSender::File file,
                     const BlockSenderOptions& options);
  ~NativeWritableFile() override;

  Status append(std::string_view bytes) override;
  Status close() override;

 private:
  Status complete();

  const std::shared_ptr<const NativeHdfs> hdfs_;
  const BlockSender::File file_;
  BlockSender sender_;
  bool closed_ = false;
  Status failed_;
};

}  // namespace weir
