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

// A data file carries checksums of its own blocks, in a trailer behind the last segment
// (docs/formats/data_file.md): whoever reads a part of the file verifies that part.

inline constexpr int64_t kDataBlockBytes = 256 * 1024;

/// Takes the checksums while a data file is written.
class BlockChecksums {
 public:
  BlockChecksums();
  ~BlockChecksums();
  BlockChecksums(const BlockChecksums&) = delete;
  BlockChecksums& operator=(const BlockChecksums&) = delete;

  /// The file's next bytes.
  void add(std::string_view bytes);
  /// What follows the last of them.
  std::string trailer();

 private:
  void end_block();

  struct State;
  const std::unique_ptr<State> state_;
  int64_t in_block_ = 0;
  std::vector<uint64_t> checksums_;
};

/// A data file whose blocks are verified before any byte of them is given out. Blocks; thread: one
/// at a time.
class VerifiedFile {
 public:
  /// The block that was read last, so that many small reads of it are one. May be shared by files
  /// that outlive it.
  struct LastBlock {
    const VerifiedFile* file = nullptr;
    int64_t index = 0;
    std::string bytes;
  };

  /// Reads the trailer. `expected` says that there is one (DataFile::block_bytes); `uri` is for
  /// messages. DATA_LOSS: damaged, or of another length.
  static StatusOr<std::unique_ptr<VerifiedFile>> open(std::unique_ptr<ReadableFile> file,
                                                      std::string uri, const DataFile& expected,
                                                      LastBlock* last);

  /// As ReadAt. DATA_LOSS names the first block that does not match.
  StatusOr<std::string_view> read(int64_t offset, int64_t length, std::string* memory);

 private:
  VerifiedFile(std::unique_ptr<ReadableFile> file, std::string uri, LastBlock* last)
      : file_(std::move(file)), uri_(std::move(uri)), last_(last) {}
  Status read_trailer(const DataFile& expected);
  /// Whole blocks, which are verified.
  Status read_blocks(int64_t first, int64_t last, std::string* into);
  Status damaged(std::string_view how) const;

  const std::unique_ptr<ReadableFile> file_;
  const std::string uri_;
  LastBlock* const last_;
  int64_t block_bytes_ = 0;
  int64_t data_bytes_ = 0;  ///< in front of the trailer
  std::vector<uint64_t> checksums_;
};

}  // namespace weir
