#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "fs/hdfs/data/block_sender.h"
#include "fs/hdfs/data/data_node_dialer.h"
#include "fs/hdfs/hdfs_options.h"
#include "fs/hdfs/lease_keeper.h"
#include "fs/hdfs/rpc/namenode_client.h"

namespace weir {

/// The parts that all files of one native HDFS share. Thread: any.
struct NativeHdfs {
  std::shared_ptr<NameNodeClient> namenode;
  DataNodeDialer dialer;
  std::string client_name;  ///< the holder of the leases; no other process has the same one
  HdfsOptions options;
  /// A DataNode silent for this long is replaced in a pipeline, and another replica is read.
  std::chrono::milliseconds silence{60'000};
  /// For new files. 0: the NameNode's default, which replaces the 0 when it is known.
  mutable std::atomic<int> replication{0};
  mutable std::atomic<int64_t> block_bytes{0};
  std::shared_ptr<LeaseKeeper> leases;
};

}  // namespace weir
