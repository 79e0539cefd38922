#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "ha/zookeeper.h"

namespace weir {

/// Where things lie in ZooKeeper (docs/formats/zookeeper.md). `base` is <path.root>/<cluster-id>.
struct HaPaths {
  std::string base;

  std::string leader() const { return base + "/leader"; }
  std::string epoch() const { return base + "/epoch"; }
  std::string job(const JobId& job) const { return base + "/jobs/" + job.to_hex(); }
};

/// What the leader's node says.
struct LeaderRecord {
  std::string address;  ///< where the leader is reached
  int64_t epoch = 0;
  std::string contender;  ///< drawn at random by each contender for each of its sessions
  bool operator==(const LeaderRecord&) const = default;
};
std::string encode(const LeaderRecord& record);
/// DATA_LOSS names `path`.
StatusOr<LeaderRecord> decode_leader_record(std::string_view bytes, const std::string& path);

/// How an attempt to lead ended, or what a look at the nodes showed.
struct Contest {
  std::optional<LeaderRecord> leader;  ///< nobody, so far as is known
  bool mine = false;                   ///< the leader is this session's contender
  int32_t epoch_version = 0;           ///< of the epoch node; if mine
};

/// Takes the leadership if nobody has it: one multi makes the leader's node, which ends with the
/// session, and raises the epoch. An unknown outcome is read back. UNAVAILABLE: not known how it
/// ended; a later call with the same session and contender finds out. DATA_LOSS: somebody has
/// written something else into the nodes. CANCELLED: the session has ended. Thread: the I/O pool.
StatusOr<Contest> contend(ZooKeeperSession& session, const HaPaths& paths,
                          const std::string& address, const std::string& contender);

/// Only looks.
StatusOr<Contest> look_for_leader(ZooKeeperSession& session, const HaPaths& paths,
                                  const std::string& contender);

/// The epoch of the last leader there was. NOT_FOUND: there has been none.
StatusOr<int64_t> read_epoch(ZooKeeperSession& session, const HaPaths& paths);

/// Makes the nodes above `path` that are missing.
Status create_parents(ZooKeeperSession& session, const std::string& path);

}  // namespace weir
