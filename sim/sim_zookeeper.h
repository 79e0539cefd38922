#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "ha/zookeeper.h"
#include "sim_world.h"

namespace weir::sim {

/// What can go wrong between a process and ZooKeeper, per call. Partitions come from the world's
/// network: sessions are cut off when the process's host and ZooKeeper's do not reach each other
/// both ways.
struct ZooKeeperFaults {
  double fail_before = 0;  ///< nothing happens, and that is not known
  double fail_after = 0;   ///< it happens, and the reply is lost
  double late = 0;  ///< a mutation happens only later, before the session's next successful call,
                    ///< and the reply is lost
  double suspend = 0;  ///< the connection is lost for up to suspend_max: calls fail, no watch is
                       ///< called, the session may expire
  MonotonicTime suspend_max = std::chrono::seconds(12);
  double stale_read = 0;     ///< the session's server has not heard of all that happened
  double kill_at_call = 0;   ///< the process dies before or after it
  bool serve_ended = false;  ///< a mistake of ZooKeeper's own: what lasts is still changed for
                             ///< sessions that have ended
};

/// A ZooKeeper, seen by many processes: one store, which outlives them; changes happen one after
/// another. Promises what ha/zookeeper.h says that is relied upon, and no more;
/// zookeeper_conformance.h is run against it and against real servers.
///
/// Sessions live in virtual time: while its process runs and reaches ZooKeeper a session lives on
/// by itself; killed, paused or cut off for the time-out it expires, and the process is told when
/// it reaches ZooKeeper again. A call takes effect in one moment, and may rest before and after it
/// (SimWorld::at_operation).
///
/// A session keeps making events, so a world with one never comes to kNothingLeft.
/// The process outlives the factory; after a kill whatever it asks fails and does nothing.
/// SimWorld::stop_faults() knows nothing of this one's: call both.
class SimZooKeeper {
 public:
  explicit SimZooKeeper(SimWorld& world, std::string host = "zookeeper");
  ~SimZooKeeper();
  SimZooKeeper(const SimZooKeeper&) = delete;
  SimZooKeeper& operator=(const SimZooKeeper&) = delete;

  ZooKeeperFaults& faults() { return faults_; }
  /// No more faults, and connections and outages that were lost come back.
  void stop_faults();
  /// No server answers anyone; sessions do not expire meanwhile, and have their whole time-out
  /// afterwards.
  void outage(MonotonicTime duration);
  /// As the servers do to a session they have not heard of for too long. False: there is no such
  /// session.
  bool expire(int64_t session_id);

  /// What the servers agree on, without a session. For checkers.
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
  /// OK if the call gets through.
  Status begin_call(const std::shared_ptr<Session>& session, std::string_view what,
                    const std::string& path, Operation operation = Operation::kZooKeeper);
  /// OK if the reply comes back.
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
  /// The last states and the transactions they came with, the newest last: what servers that lag
  /// behind may still show.
  std::deque<std::pair<int64_t, std::shared_ptr<const Tree>>> history_;
  std::map<int64_t, std::shared_ptr<Session>> sessions_;  ///< that have not ended
};

/// How `life`'s process gets sessions with `zookeeper`, which must outlive it.
std::unique_ptr<ZooKeeperFactory> zookeeper_for(
    SimZooKeeper& zookeeper, std::shared_ptr<Life> life,
    MonotonicTime session_timeout = std::chrono::seconds(10));

}  // namespace weir::sim
