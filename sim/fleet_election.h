#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "sim_zookeeper.h"

namespace weir::sim {

/// Watches what lies in ZooKeeper, from outside: reads the nodes by itself.
class ElectionWatch {
 public:
  ElectionWatch(const SimZooKeeper& zookeeper, const JobId& job)
      : zookeeper_(zookeeper), job_(job) {}

  /// At any moment: epochs and the pointer only grow, a pointer was set in the epoch it names, and
  /// the job's result is recorded once. Says what is wrong.
  std::vector<std::string> look();

  /// Of the last look: the checkpoint that counts as the last complete one.
  std::optional<int64_t> pointer() const { return pointer_ > 0 ? pointer_ : std::nullopt; }
  /// Likewise, and 0 if the job is to start from the beginning.
  std::optional<int64_t> start() const { return pointer_; }
  /// Now.
  bool result() const { return zookeeper_.peek(path("result")).has_value(); }
  int64_t epoch() const { return epoch_; }

 private:
  std::string path(const char* node) const;

  const SimZooKeeper& zookeeper_;
  const JobId job_;
  int64_t epoch_ = 0;
  std::optional<int64_t> pointer_;
  std::string pointer_text_;
  std::optional<std::pair<int64_t, std::string>>
      result_;  ///< when its node was made, and what it says
};

}  // namespace weir::sim
