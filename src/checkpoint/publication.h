#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/leader_store.h"
#include "checkpoint/lineage.h"
#include "checkpoint/metadata.h"
#include "checkpoint/sidecar.h"
#include "checkpoint/snapshot_model.h"
#include "fs/file_system_registry.h"

namespace weir {

/// The whole content of a checkpoint, once all subtasks have acknowledged.
struct CheckpointContent {
  CheckpointMetadata metadata;
  Sidecar sidecar;  ///< without the length and checksum of `_metadata`
  MetadataVersion version = MetadataVersion::k4;
};

enum class PublishOutcome {
  kPublished,     ///< durable; the checkpoint is complete
  kNotPublished,  ///< `_metadata` does not exist and never will; the files may be removed
  kForeign,       ///< another coordinator has published this id; its files must not be touched
  kJobEnded,      ///< published after the job's result was recorded: it does not count
  kSuperseded,    ///< another start of the job is recorded: this one completes nothing any more
  kUnknown,       ///< storage does not answer; nothing may be removed; ask again with resolve()
};
std::string_view to_string(PublishOutcome outcome);

struct PublishResult {
  PublishOutcome outcome = PublishOutcome::kUnknown;
  Status status;       ///< OK if and only if kPublished
  int64_t bytes = 0;   ///< size of the whole checkpoint, if published
  Status savepoint{};  ///< if published: whether its savepoint is complete as well, if it has one
};

/// Makes one checkpoint durable: verifies the data files, writes the sidecar, and publishes
/// `_metadata` last and exclusively.
/// Thread: the I/O pool, one call at a time. Blocks.
/// Invariant: after kNotPublished, no publication of this object can take effect any more, even if
/// a server executes a request late: what was staged is discarded, so nothing is left to publish.
class CheckpointPublication {
 public:
  /// Of a checkpoint in the job's directory. `nonce` makes the temporary name unique among all
  /// writers.
  CheckpointPublication(const FileLocation& job, CheckpointContent content, uint64_t nonce);
  /// Of a copy in a directory of its own.
  static CheckpointPublication of_savepoint(FileLocation directory, CheckpointContent content,
                                            uint64_t nonce);

  /// Call once.
  PublishResult publish();
  /// Call after kUnknown, as often as needed.
  PublishResult resolve();
  /// Points at the published checkpoint.
  CompletedPointer pointer() const;

 private:
  struct InDirectory {
    FileLocation location;
  };
  CheckpointPublication(InDirectory directory, CheckpointContent content, uint64_t nonce);

  Status verify_data_files() const;
  Status check_readable(std::string_view metadata, std::string_view sidecar) const;
  enum class Presence { kOurs, kForeign, kAbsent, kUnknown };
  Presence look(Status* why) const;

  const FileLocation directory_;
  const CheckpointContent content_;
  const StagedFile file_;
  std::string metadata_bytes_;
  int64_t total_bytes_ = 0;
  Status publish_failure_;
};

// A published checkpoint is complete only if this coordinator is still entitled to complete it.
// Blocking.

/// With leader election: only the leader decides which checkpoint is complete.
PublishResult point_at(const CheckpointPublication& publication, PublishResult published,
                       LeaderStore& store);
/// Without election: another process may have started the job in the meantime. It continues from
/// the checkpoints that were complete when it recorded its start. If there is no such record now, a
/// later start will see this checkpoint too.
PublishResult unless_started_again(const FileLocation& job, StartNumber start,
                                   PublishResult published);

/// Publishes the savepoint of a published checkpoint: the same content in another directory, which
/// has a copy of each data file. Blocks. On an error the savepoint may exist; then it is whole.
Status publish_savepoint(CheckpointPublication& savepoint);

}  // namespace weir
