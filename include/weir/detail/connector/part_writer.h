#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/connector/sink.h"
#include "weir/operator/operator.h"

namespace weir::detail {

/// Writes the bytes of one subtask into part files: one hidden file per epoch, begun with the
/// epoch's first byte. Thread: the operator's. The files are written by the I/O pool, each strictly
/// in order.
class PartWriter {
 public:
  static constexpr size_t kChunkBytes = 256 << 10;
  static constexpr int64_t kMaxBytesInFlight = 8 << 20;

  virtual ~PartWriter() = default;
  virtual Status open(OperatorContext& context) = 0;
  /// What was encoded and not yet handed over. Append to it, and call flush() when it exceeds
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
/// Can files be made in the directory? It is created if it is missing.
Status probe_part_directory(const std::string& directory_uri, FileSystemRegistry& files);

}  // namespace weir::detail
