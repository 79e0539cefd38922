#pragma once

#include <string>

#include "ha/zookeeper.h"
#include "platform/clock.h"

namespace weir {

struct ZooKeeperClientOptions {
  std::string quorum;  ///< "host:port,host:port,…"
  /// The requested time-out; the servers may grant another.
  std::chrono::milliseconds session_timeout{10'000};
  std::chrono::milliseconds connection_timeout{15'000};
  std::string digest;  ///< "user:password"; empty: anonymous
  /// Nodes belong to this user alone (needs `digest`); otherwise to everybody.
  bool creator_only = false;
};

/// Sessions with real servers, through ZooKeeper's C library, which uses two threads per session.
/// The library's messages are logged at kDebug, because it writes a line for every attempt to reach
/// a server. `clock` must outlive it.
class ZooKeeperClientFactory : public ZooKeeperFactory {
 public:
  ZooKeeperClientFactory(const Clock& clock, ZooKeeperClientOptions options);

  /// Blocks at most for the connection timeout.
  StatusOr<std::shared_ptr<ZooKeeperSession>> open(ZSessionListener listener) override;

 private:
  const Clock& clock_;
  const ZooKeeperClientOptions options_;
};

}  // namespace weir
