#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "ha/leader_nodes.h"
#include "ha/zookeeper.h"
#include "platform/mailbox.h"
#include "platform/platform.h"

namespace weir {

/// Notifies a worker of each new leader, once, in the order of their epochs, and never of an older
/// one. While there is none, and while ZooKeeper does not answer, the last one stays: a worker
/// keeps it until its connection breaks.
///
/// An actor: give it to a Scheduler, or step it from within another actor. `on_leader` is called in
/// step(), and must not destroy it. Calls to ZooKeeper run on the I/O pool, one round at a time:
/// when a watch fires, and every few seconds in case one was lost. Lifetime: as LeaderElection.
class LeaderFinder : public Actor {
 public:
  LeaderFinder(Clock& clock, Random& random, Scheduler& scheduler, ZooKeeperFactory& factory,
               HaPaths paths, std::function<void(const LeaderRecord&)> on_leader);
  ~LeaderFinder() override;

  void set_wake(std::function<void()> wake);
  MonotonicTime step() override;

  /// The last leader that `on_leader` got. Call it where step() is called.
  const std::optional<LeaderRecord>& leader() const { return leader_; }

 private:
  struct Event {
    enum class Kind { kRoundDone, kChanged, kExpired };
    Kind kind;
    StatusOr<Contest> found = Contest{};
  };
  /// Callbacks of sessions reach this; it holds no session.
  struct Inbox {
    Mailbox<Event> mailbox;
  };
  /// The session of the running round.
  struct Slot {
    std::shared_ptr<ZooKeeperSession> session;
  };

  void start_round();
  void handle(const Event& event, MonotonicTime now);
  static StatusOr<Contest> ask(ZooKeeperFactory& factory, const HaPaths& paths,
                               const std::shared_ptr<Inbox>& inbox, Slot& slot, bool renew);

  Clock& clock_;
  Random& random_;
  Scheduler& scheduler_;
  ZooKeeperFactory& factory_;
  const HaPaths paths_;
  const std::function<void(const LeaderRecord&)> on_leader_;
  const std::shared_ptr<Inbox> inbox_;
  const std::shared_ptr<Slot> slot_;

  // the stepping thread only
  std::vector<Event> events_;
  bool round_running_ = false;
  bool look_at_once_ = false;
  bool renew_session_ = false;
  MonotonicTime next_round_ = MonotonicTime::min();
  std::optional<LeaderRecord> leader_;
  std::string last_failure_;  ///< the last one logged
};

}  // namespace weir
