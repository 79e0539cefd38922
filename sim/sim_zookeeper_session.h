#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim_zookeeper.h"

namespace weir::sim {

/// A session, as the servers and its client see it.
struct SimZooKeeper::Session {
  int64_t id = 0;
  std::shared_ptr<Life> life;
  MonotonicTime timeout{0};
  ZSessionListener listener;

  // State of the servers.
  bool ended = false;
  MonotonicTime last_heard{0};
  int64_t seen_zxid = 0;
  std::vector<std::vector<ZOperation>> late;  ///< received, not yet applied
  // State of the client.
  int calls = 0;       ///< number in flight
  bool ghost = false;  ///< the reply that opened the session was lost
  bool closed = false;
  bool connected = true;
  bool knows_of_end = false;
  MonotonicTime suspended_until{0};
  std::map<std::string, std::function<void()>> watches;
  std::vector<std::function<void()>> fired;  ///< fired, not yet delivered
};

/// The parent of a node: "/a" of "/a/b".
std::string parent_of(const std::string& path);
/// INVALID_ARGUMENT: ZooKeeper does not take the path.
Status check_path(const std::string& path);

}  // namespace weir::sim
