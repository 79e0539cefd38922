#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/leader_store.h"
#include "checkpoint/lineage.h"
#include "checkpoint/metadata.h"
#include "checkpoint/sidecar.h"
#include "checkpoint/snapshot_model.h"
#include "fs/file_system_registry.h"

namespace weir {

/// All that a checkpoint consists of, once everybody has acknowledged.
struct CheckpointContent {
  CheckpointMetadata metadata;
  Sidecar sidecar;  ///< without the length and checksum of `_metadata`
  MetadataVersion version = MetadataVersion::k4;
};

enum class PublishOutcome {
  kPublished,     ///< durable; the checkpoint is complete
  kNotPublished,  ///< `_metadata` is not there and never will be; what was written may be removed
  kForeign,       ///< another coordinator has published this id: nothing of it may be touched
  kUnknown,       ///< storage does not answer: nothing may be removed; ask again with resolve()
};
std::string_view to_string(PublishOutcome outcome);

struct PublishResult {
  PublishOutcome outcome = PublishOutcome::kUnknown;
  Status status;      ///< OK iff kPublished
  int64_t bytes = 0;  ///< of the whole checkpoint, if published
};

/// Makes one checkpoint durable: verifies the data files, writes the sidecar, then publishes
/// `_metadata`, last and exclusively. Thread: the I/O pool, one call at a time. Blocks. Invariant:
/// after kNotPublished no publication of this object can take effect any more, not even one that a
/// server executes late: its temporary file is gone, so there is nothing left to rename.
class CheckpointPublication {
 public:
  /// `nonce` keeps the temporary name apart from every other writer's.
  CheckpointPublication(FileLocation job, CheckpointContent content, uint64_t nonce);

  /// Once.
  PublishResult publish();
  /// After kUnknown, as often as needed.
  PublishResult resolve();
  /// Of what was published.
  CompletedPointer pointer() const;

 private:
  Status verify_data_files() const;
  Status check_readable(std::string_view metadata, std::string_view sidecar) const;
  enum class Presence { kOurs, kForeign, kAbsent, kUnknown };
  Presence look(Status* why) const;

  const FileLocation directory_;
  const CheckpointContent content_;
  const std::string temporary_;  // path
  std::string metadata_bytes_;
  int64_t total_bytes_ = 0;
  Status rename_failure_;
};

// A published checkpoint is complete only if this coordinator may still say so. Blocking.

/// Where coordinators are elected the one that leads decides what is complete.
PublishResult point_at(const CheckpointPublication& publication, PublishResult published,
                       LeaderStore& store);
/// Another process may have started the job meanwhile. It goes on from what was complete when it
/// recorded its start, or from this one as well: if there is no such record now, it will see it.
PublishResult unless_started_again(const FileLocation& job, StartNumber start,
                                   PublishResult published);

}  // namespace weir
