#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/connector/file_sink_options.h"
#include "weir/connector/sink.h"
#include "weir/operator/operator.h"

namespace weir::detail {

/// The options of a FileSink that do not depend on its record type.
struct PartOptions {
  std::string directory_uri;
  std::string header = {};  ///< the first bytes of each file
  DefaultRollingPolicy rolling = {};
  OutputFileConfig names = {};
  Compression compression = Compression::kNone;
};

/// Returns the problem of the options, or nothing.
std::string problem_of(const PartOptions& options);

/// Writes the bytes of one subtask into hidden files, one or more for each bucket and epoch. The
/// I/O pool writes the files, each strictly in order. Thread: the operator's.
///
/// Memory and open files are bounded, whatever the number of buckets: small buckets wait in memory
/// for the end of the epoch, and the file that was not written to for the longest time is ended
/// when there are too many.
class PartWriter {
 public:
  static constexpr size_t kChunkBytes = 256 << 10;
  static constexpr int64_t kMaxBytesInFlight = 8 << 20;
  static constexpr size_t kMaxBytesInBuckets = 32 << 20;
  static constexpr size_t kMaxOpenFiles = 64;

  virtual ~PartWriter() = default;
  virtual Status open(OperatorContext& context) = 0;
  /// The encoded bytes of a bucket that are not handed over yet. Append records until it has
  /// `*limit` bytes or the bucket changes, then call appended(). Null: the bucket is refused, and
  /// the task has failed.
  virtual std::string* buffer(std::string_view bucket, size_t* limit) = 0;
  virtual void appended() = 0;
  virtual bool can_accept() = 0;
  virtual std::vector<std::string> prepare_commit(SnapshotContext& context) = 0;
};

std::unique_ptr<PartWriter> make_part_writer(PartOptions options);
std::unique_ptr<Committer> make_part_committer(std::string directory_uri,
                                               FileSystemRegistry& files);
/// Checks that files can be created in the directory. Creates the directory if it is missing.
Status probe_part_directory(const std::string& directory_uri, FileSystemRegistry& files);

}  // namespace weir::detail
