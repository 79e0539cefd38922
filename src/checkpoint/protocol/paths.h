#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace weir {

// Names inside a checkpoint directory (docs/formats/checkpoint_directory.md). Pure: does not access
// a file system.

inline constexpr std::string_view kMetadataFile =
    "_metadata";  ///< its presence makes a checkpoint complete
inline constexpr std::string_view kSidecarFile =
    "_weir";  ///< checksums and types; written before `_metadata`
inline constexpr std::string_view kSharedDirectory = "shared";
inline constexpr std::string_view kTaskOwnedDirectory = "taskowned";
/// Of a job: one record per start; the last one counts.
inline constexpr std::string_view kLineageDirectory = "lineage";

/// The directory of a job below the checkpoint root: 32 hex digits, as in Flink.
std::string job_directory_name(const JobId& job);

/// "chk-7".
std::string checkpoint_directory_name(CheckpointId id);
/// Accepts only names as written by checkpoint_directory_name(): no sign, no leading zeros, at
/// least 1.
std::optional<CheckpointId> parse_checkpoint_directory_name(std::string_view name);

/// "start-7", in the lineage directory.
std::string start_record_name(int64_t start);
std::optional<int64_t> parse_start_record_name(std::string_view name);

/// Tells the data files of one coordinator's checkpoints from those of others. Two coordinators may
/// write a checkpoint of the same number for a moment, when one of them does not know yet that the
/// other has taken over.
using CoordinatorMark = uint32_t;
/// `epoch` and `start`: of the coordinator. No two coordinators of a job have both in common.
CoordinatorMark coordinator_mark(int64_t epoch, int64_t start);

/// One per process and checkpoint. The nonce ensures that writers of different attempts, or of
/// coordinators that do not know of each other, never share a path.
struct DataFileName {
  int process = 0;
  uint64_t nonce = 0;  ///< the coordinator's mark, then 32 bits that the process has drawn
  CoordinatorMark mark() const { return static_cast<CoordinatorMark>(nonce >> 32); }
  bool operator==(const DataFileName&) const = default;
};
uint64_t data_file_nonce(CoordinatorMark mark, uint64_t random);
/// "data-3-00000000000000ff": the nonce as 16 hex digits.
std::string data_file_name(const DataFileName& name);
std::optional<DataFileName> parse_data_file_name(std::string_view name);

/// A data file of an incremental checkpoint, in the job's `shared/`. The id is that of the
/// checkpoint that wrote it; later ones refer to it.
struct SharedFileName {
  CheckpointId id = 0;
  DataFileName file;
  bool operator==(const SharedFileName&) const = default;
};
/// "data-7-3-00000000000000ff".
std::string shared_file_name(const SharedFileName& name);
std::optional<SharedFileName> parse_shared_file_name(std::string_view name);
/// The name of a file in `shared/`, as a checkpoint of the same job refers to it: "../shared/x".
std::string shared_reference(std::string_view name);
/// The name in `shared/` that a reference names; nothing if it is no such reference.
std::optional<std::string_view> parse_shared_reference(std::string_view reference);

/// The name of `_metadata` while it is being written.
std::string metadata_temporary_name(uint64_t nonce);

/// Whether an untrusted name may be joined to a directory: one path component, not "." or "..", no
/// control characters.
bool is_plain_file_name(std::string_view name);

/// `path` names `_metadata` or its directory; returns the directory.
std::string_view snapshot_directory(std::string_view path);

}  // namespace weir
