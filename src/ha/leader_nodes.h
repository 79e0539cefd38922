#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "ha/zookeeper.h"

namespace weir {

/// Paths in ZooKeeper (docs/formats/zookeeper.md). `base` is <path.root>/<cluster-id>.
struct HaPaths {
  std::string base;

  std::string leader() const { return base + "/leader"; }
  std::string epoch() const { return base + "/epoch"; }
  std::string running_job() const { return base + "/job"; }
  std::string job(const JobId& job) const { return base + "/jobs/" + job.to_hex(); }
  std::string result(const JobId& id) const { return job(id) + "/result"; }
};

/// The content of the leader's node.
struct LeaderRecord {
  std::string address;  ///< the leader's address
  int64_t epoch = 0;
  std::string contender;  ///< a random value that each contender draws for each of its sessions
  bool operator==(const LeaderRecord&) const = default;
};
std::string encode(const LeaderRecord& record);
/// DATA_LOSS names `path`.
StatusOr<LeaderRecord> decode_leader_record(std::string_view bytes, const std::string& path);

/// The outcome of an attempt to lead, or of a look at the nodes.
struct Contest {
  std::optional<LeaderRecord> leader;  ///< nullopt: no leader is known
  bool mine = false;                   ///< the leader is this session's contender
  int32_t epoch_version = 0;           ///< of the epoch node; if mine
};

/// Takes the leadership if it is free: one multi creates the leader's node, which ends with the
/// session, and raises the epoch. An unknown outcome is read back. UNAVAILABLE: the outcome is
/// unknown; a later call with the same session and contender finds it out. DATA_LOSS: the nodes
/// have foreign content. CANCELLED: the session has ended. Thread: the I/O pool.
StatusOr<Contest> contend(ZooKeeperSession& session, const HaPaths& paths,
                          const std::string& address, const std::string& contender);

/// Only reads.
StatusOr<Contest> look_for_leader(ZooKeeperSession& session, const HaPaths& paths,
                                  const std::string& contender);

/// The epoch of the last leader. NOT_FOUND: there has been none.
StatusOr<int64_t> read_epoch(ZooKeeperSession& session, const HaPaths& paths);

/// Creates the missing nodes above `path`.
Status create_parents(ZooKeeperSession& session, const std::string& path);

}  // namespace weir
