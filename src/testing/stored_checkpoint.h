#pragma once

#include <memory>
#include <string>
#include <vector>

#include "checkpoint/snapshot_loader.h"
#include "testing/operator_harness.h"

namespace weir {

/// A checkpoint or savepoint in files, as a snapshot for operators under test. Blocks.
class StoredCheckpoint {
 public:
  /// `path`: its directory or its `_metadata`. `files` outlives this.
  static StatusOr<std::shared_ptr<const StoredCheckpoint>> open(const std::string& path,
                                                                FileSystemRegistry& files);

  int64_t id() const { return loaded_.metadata->checkpoint_id; }
  bool has(const std::string& uid) const;
  /// The uids of its operators, for messages; of those without one, the ids.
  std::string uids() const;
  /// The number of key groups of the operator; `otherwise` if it has no keyed state.
  int max_parallelism(const std::string& uid, int otherwise) const;
  /// The state of an operator for each of `parallelism` subtasks. It refers to this.
  StatusOr<std::vector<HarnessSnapshot>> parts(const std::string& uid, int parallelism,
                                               int max_parallelism) const;

 private:
  StoredCheckpoint(LoadedCheckpoint loaded, FileSystemRegistry& files)
      : loaded_(std::move(loaded)), files_(files) {}

  const LoadedCheckpoint loaded_;
  FileSystemRegistry& files_;
};

}  // namespace weir
