#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "sim_zookeeper.h"

namespace weir::sim {

/// Checks the nodes in ZooKeeper from outside. Reads them without the engine's code.
class ElectionWatch {
 public:
  ElectionWatch(const SimZooKeeper& zookeeper, const JobId& job)
      : zookeeper_(zookeeper), job_(job) {}

  /// Checks the rules that hold at any moment: epochs and the pointer only grow, the pointer was
  /// set in the epoch it names, and the job's result is recorded once. Returns the violations.
  std::vector<std::string> look();

  /// From now on the job may be canceled.
  void expect_cancellation() { may_be_canceled_ = true; }

  /// As of the last look(): the checkpoint that counts as the last complete one.
  std::optional<int64_t> pointer() const { return pointer_ > 0 ? pointer_ : std::nullopt; }
  /// As of the last look(): like pointer(), but 0 if the job must start from the beginning.
  std::optional<int64_t> start() const { return pointer_; }
  /// The current state, not that of the last look().
  bool result() const { return zookeeper_.peek(path("result")).has_value(); }
  int64_t epoch() const { return epoch_; }

 private:
  std::string path(const char* node) const;

  const SimZooKeeper& zookeeper_;
  const JobId job_;
  bool may_be_canceled_ = false;
  int64_t seen_ = -1;  ///< the number of transactions at the last look
  int64_t epoch_ = 0;
  std::optional<int64_t> pointer_;
  std::string pointer_text_;
  std::optional<std::pair<int64_t, std::string>>
      result_;  ///< when its node was created, and its content
};

}  // namespace weir::sim
