#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "ha/zookeeper.h"
#include "sim_world.h"

namespace weir::sim {

/// Faults between a process and ZooKeeper, per call. Partitions come from the world's network: a
/// session is cut off unless its host and ZooKeeper's host reach each other in both directions.
struct ZooKeeperFaults {
  double fail_before = 0;  ///< the call has no effect, and the caller does not know it
  double fail_after = 0;   ///< the call takes effect, and the reply is lost
  double late = 0;  ///< a mutation takes effect only before the session's next successful call, and
                    ///< the reply is lost
  double suspend = 0;  ///< the connection is lost for up to suspend_max: calls fail, watches do not
                       ///< fire, and the session may expire
  MonotonicTime suspend_max = std::chrono::seconds(12);
  double stale_read = 0;     ///< the session's server lags behind
  double kill_at_call = 0;   ///< the process dies before or after the call
  bool serve_ended = false;  ///< a deliberate mistake of ZooKeeper: sessions that have ended may
                             ///< still change persistent nodes
};

/// A ZooKeeper for many processes: one store, which outlives them. Changes happen one after
/// another. It gives the guarantees listed in ha/zookeeper.h and no others. zookeeper_conformance.h
/// runs against it and against real servers.
///
/// Sessions live in virtual time. A session stays alive while its process runs and reaches
/// ZooKeeper. It expires when the process is killed, paused or cut off for the time-out. The
/// process is notified when it reaches ZooKeeper again. A call takes effect in one moment, and may
/// pause before and after it (SimWorld::at_operation).
///
/// A session makes events forever, so a world with one never returns kNothingLeft. The process
/// outlives the factory. After a kill all its requests fail without effect. SimWorld::stop_faults()
/// does not stop these faults: call both.
class SimZooKeeper {
 public:
  explicit SimZooKeeper(SimWorld& world, std::string host = "zookeeper");
  ~SimZooKeeper();
  SimZooKeeper(const SimZooKeeper&) = delete;
  SimZooKeeper& operator=(const SimZooKeeper&) = delete;

  ZooKeeperFaults& faults() { return faults_; }
  /// Stops all faults. Lost connections return, and outages end.
  void stop_faults();
  /// No server answers for `duration`. Sessions do not expire meanwhile, and have their whole
  /// time-out afterwards.
  void outage(MonotonicTime duration);
  /// Expires a session as the servers do after its time-out. Returns false if it does not exist.
  bool expire(int64_t session_id);

  /// Reads the committed state without a session, for checkers.
  std::optional<ZNode> peek(const std::string& path) const;
  int64_t transactions() const { return zxid_; }
  size_t sessions() const { return sessions_.size(); }

 private:
  friend class SimZooKeeperSession;
  friend class SimZooKeeperFactory;
  struct Session;
  using Tree = std::map<std::string, ZNode>;

  std::shared_ptr<Session> new_session(std::shared_ptr<Life> life, MonotonicTime timeout,
                                       ZSessionListener listener);
  bool reaches(const Session& session) const;
  void tick(const std::shared_ptr<Session>& session);
  void contact(const std::shared_ptr<Session>& session);
  void suspend(const std::shared_ptr<Session>& session);
  void end_session(Session& session);
  void tell(const std::shared_ptr<Session>& session, ZSessionEvent event);
  /// Returns OK if the call reaches the servers.
  Status begin_call(const std::shared_ptr<Session>& session, std::string_view what,
                    const std::string& path, Operation operation = Operation::kZooKeeper);
  /// Returns OK if the reply reaches the client.
  Status end_call(const std::shared_ptr<Session>& session, std::string_view what,
                  const std::string& path, Operation operation);
  Status mutate(const std::shared_ptr<Session>& session, std::string_view what,
                const std::vector<ZOperation>& operations, int* refused, int32_t* version);
  Status apply(Session& session, const std::vector<ZOperation>& operations, int* refused,
               int32_t* version);
  Status apply_one(Tree& tree, const ZOperation& operation, int64_t zxid, int64_t session_id) const;
  void commit(Tree tree);
  static bool same_node(const Tree& before, const Tree& after, const std::string& path);
  void fire(const std::shared_ptr<Session>& session, std::function<void()> changed);
  void do_late(Session& session);
  const Tree& view_of(Session& session);

  SimWorld& world_;
  const std::string host_;
  SimRandom random_;
  ZooKeeperFaults faults_;
  int64_t zxid_ = 0;
  int64_t next_session_ = 1;
  MonotonicTime outage_until_{0};
  std::shared_ptr<const Tree> tree_;
  /// The last states with their transactions, newest last. Lagging servers may still show them.
  std::deque<std::pair<int64_t, std::shared_ptr<const Tree>>> history_;
  std::map<int64_t, std::shared_ptr<Session>> sessions_;  ///< sessions that have not ended
};

/// Makes the factory through which `life`'s process opens sessions. `zookeeper` must outlive it.
std::unique_ptr<ZooKeeperFactory> zookeeper_for(
    SimZooKeeper& zookeeper, std::shared_ptr<Life> life,
    MonotonicTime session_timeout = std::chrono::seconds(10));

}  // namespace weir::sim
