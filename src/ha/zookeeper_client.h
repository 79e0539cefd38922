#pragma once

#include <string>

#include "ha/zookeeper.h"
#include "platform/clock.h"

namespace weir {

struct ZooKeeperClientOptions {
  std::string quorum;                                 ///< "host:port,host:port,…"
  std::chrono::milliseconds session_timeout{10'000};  ///< asked for; the servers may grant another
  std::chrono::milliseconds connection_timeout{15'000};
  std::string digest;         ///< "user:password"; empty: nobody in particular
  bool creator_only = false;  ///< nodes are this user's alone (needs `digest`); else everybody's
};

/// Sessions with real servers, through ZooKeeper's own C library: two threads of it for each
/// session. What the library says goes to the log at kDebug: it has a line for every attempt to
/// reach a server. `clock` must outlive it.
class ZooKeeperClientFactory : public ZooKeeperFactory {
 public:
  ZooKeeperClientFactory(const Clock& clock, ZooKeeperClientOptions options);

  /// Blocks for the connection timeout at most.
  StatusOr<std::shared_ptr<ZooKeeperSession>> open(ZSessionListener listener) override;

 private:
  const Clock& clock_;
  const ZooKeeperClientOptions options_;
};

}  // namespace weir
