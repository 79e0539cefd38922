#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/connector/sink.h"
#include "weir/operator/operator.h"

namespace weir::detail {

/// Writes the bytes of one subtask into part files: one hidden file for each epoch, created with
/// the epoch's first byte. The I/O pool writes the files, each strictly in order. Thread: the
/// operator's.
class PartWriter {
 public:
  static constexpr size_t kChunkBytes = 256 << 10;
  static constexpr int64_t kMaxBytesInFlight = 8 << 20;

  virtual ~PartWriter() = default;
  virtual Status open(OperatorContext& context) = 0;
  /// Encoded bytes that are not handed over yet. Append to it, and call flush() when it exceeds
  /// kChunkBytes.
  std::string& buffer() { return buffer_; }
  /// Hands the buffer to the I/O pool.
  virtual void flush() = 0;
  virtual bool can_accept() = 0;
  virtual std::vector<std::string> prepare_commit(SnapshotContext& context) = 0;

 protected:
  std::string buffer_;
};

/// `header`: the first bytes of each file.
std::unique_ptr<PartWriter> make_part_writer(std::string directory_uri, std::string header);
std::unique_ptr<Committer> make_part_committer(std::string directory_uri,
                                               FileSystemRegistry& files);
/// Checks that files can be created in the directory. Creates the directory if it is missing.
Status probe_part_directory(const std::string& directory_uri, FileSystemRegistry& files);

}  // namespace weir::detail
