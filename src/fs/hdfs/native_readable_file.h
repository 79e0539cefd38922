#pragma once

#include <memory>
#include <set>
#include <string>

#include "fs/file_system.h"
#include "fs/hdfs/data/block_reader.h"
#include "fs/hdfs/native_hdfs.h"

namespace weir {
namespace hadoop {
class LocatedBlock;
class LocatedBlocks;
}  // namespace hadoop

/// A file of HDFS that is read from its DataNodes. A read that follows the one before it goes on on
/// the same connection. A replica that is damaged, silent or not reachable is left for the next
/// one.
class NativeReadableFile final : public ReadableFile {
 public:
  /// NOT_FOUND, or FAILED_PRECONDITION for a directory.
  static StatusOr<std::unique_ptr<ReadableFile>> open(std::shared_ptr<const NativeHdfs> hdfs,
                                                      const std::string& path);
  NativeReadableFile(std::shared_ptr<const NativeHdfs> hdfs, std::string path,
                     std::unique_ptr<hadoop::LocatedBlocks> blocks);
  ~NativeReadableFile() override;

  Status read_at(int64_t offset, int64_t length, std::string* out) override;
  int64_t size() const override { return size_; }
  StatusOr<bool> being_written() override;

 private:
  static Status locate(const NativeHdfs& hdfs, const std::string& path,
                       hadoop::LocatedBlocks* blocks);
  /// Reads from one block: all bytes that are wanted and in it. `*got` is their number.
  Status read_block(int64_t offset, int64_t wanted, char* to, int64_t* got);
  /// A stream at `offset` of the file.
  bool open_stream(int64_t offset, int64_t wanted, ReadFault* fault);
  const hadoop::LocatedBlock* block_at(int64_t offset) const;
  /// True if all of the block's nodes have failed.
  bool block_is_exhausted(int64_t offset) const;
  Status locate_again();

  const std::shared_ptr<const NativeHdfs> hdfs_;
  const std::string path_;
  std::unique_ptr<hadoop::LocatedBlocks> blocks_;
  int64_t size_ = 0;
  int64_t position_ = 0;  ///< of the file, after the last read
  std::unique_ptr<BlockReader> stream_;
  int64_t stream_at_ = -1;   ///< of the file, the stream's next byte
  std::string stream_node_;  ///< its unique name
  std::set<std::string> bad_nodes_;
};

}  // namespace weir
