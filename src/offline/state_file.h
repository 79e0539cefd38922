#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/byte_stream.h"
#include "checkpoint/data_file.h"
#include "checkpoint/snapshot_model.h"
#include "fs/file_system.h"

namespace weir {

/// The data file of a snapshot, with its checksums. It is created with its first byte.
class StateFile {
 public:
  StateFile(const FileLocation& directory, std::string name);
  ~StateFile();
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;

  /// Calls write(sink), and returns what it has written to the sink: in the file, or in memory if
  /// it is small.
  StatusOr<StateStream> write(const std::function<Status(const ByteSink&)>& write);
  /// Returns the file, which is now persistent; nothing if nothing was written.
  StatusOr<std::vector<DataFile>> close();

 private:
  Status append(std::string_view bytes);
  Status append_raw(std::string_view bytes);

  struct Hash;
  const FileLocation directory_;
  const std::string name_;
  std::unique_ptr<Hash> hash_;
  BlockChecksums blocks_;
  std::unique_ptr<WritableFile> file_;
  int64_t length_ = 0;
};

}  // namespace weir
