#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/snapshot_model.h"
#include "fs/file_system.h"
#include "weir/status.h"

namespace weir {

// A data file carries checksums of its own blocks in a trailer after the last segment
// (docs/formats/data_file.md), so a reader can verify just the part that it reads.

/// The location of a data file that a checkpoint in `directory` names: in that directory, or in the
/// job's `shared/`. INVALID_ARGUMENT: it is neither kind of name.
StatusOr<FileLocation> data_file_place(const FileLocation& directory, std::string_view name);

inline constexpr int64_t kDataBlockBytes = 256 * 1024;

/// Computes the block checksums while a data file is written.
class BlockChecksums {
 public:
  BlockChecksums();
  ~BlockChecksums();
  BlockChecksums(const BlockChecksums&) = delete;
  BlockChecksums& operator=(const BlockChecksums&) = delete;

  /// Adds the file's next bytes.
  void add(std::string_view bytes);
  /// The bytes to append after the last added ones.
  std::string trailer();

 private:
  void end_block();

  struct State;
  const std::unique_ptr<State> state_;
  int64_t in_block_ = 0;
  std::vector<uint64_t> checksums_;
};

/// A data file that verifies a block before returning any byte of it. Blocks. Thread: one at a
/// time.
class VerifiedFile {
 public:
  /// Caches the last block read, so that many small reads of it cost one. Files may share it and
  /// outlive it.
  struct LastBlock {
    const VerifiedFile* file = nullptr;
    int64_t index = 0;
    std::string bytes;
  };

  /// Reads the trailer. `expected` must have one (DataFile::block_bytes). `uri` is for messages.
  /// DATA_LOSS: damaged, or the length differs.
  static StatusOr<std::unique_ptr<VerifiedFile>> open(std::unique_ptr<ReadableFile> file,
                                                      std::string uri, const DataFile& expected,
                                                      LastBlock* last);

  /// Same contract as ReadAt. DATA_LOSS names the first block that does not match.
  StatusOr<std::string_view> read(int64_t offset, int64_t length, std::string* memory);

 private:
  VerifiedFile(std::unique_ptr<ReadableFile> file, std::string uri, LastBlock* last)
      : file_(std::move(file)), uri_(std::move(uri)), last_(last) {}
  Status read_trailer(const DataFile& expected);
  /// Reads and verifies whole blocks.
  Status read_blocks(int64_t first, int64_t last, std::string* into);
  Status damaged(std::string_view how) const;

  const std::unique_ptr<ReadableFile> file_;
  const std::string uri_;
  LastBlock* const last_;
  int64_t block_bytes_ = 0;
  int64_t data_bytes_ = 0;  ///< bytes before the trailer
  std::vector<uint64_t> checksums_;
};

}  // namespace weir
