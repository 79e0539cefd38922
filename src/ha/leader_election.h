#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "ha/leader_nodes.h"
#include "ha/zookeeper.h"
#include "platform/mailbox.h"
#include "platform/platform.h"

namespace weir {

/// How long a leader may believe that it leads, by its own clock. Thread: any.
class Lease {
 public:
  bool held(const Clock& clock) const {
    return clock.now().count() < end_ns_.load(std::memory_order_acquire);
  }

 private:
  friend class LeaderElection;
  std::atomic<int64_t> end_ns_{MonotonicTime::min().count()};
};

/// One leadership, from grant to revocation. A leader passes it to JobStore. A value; copies share
/// the session and the lease.
struct Leadership {
  int64_t epoch = 0;  ///< larger than that of every earlier leader; at most 2^31 - 1
  /// The epoch node's version since this leader took over; every other take-over changes it.
  int32_t epoch_version = 0;
  HaPaths paths;
  std::shared_ptr<ZooKeeperSession> session;
  /// If it is not held, another leader may exist already. Even if it is held, that may change a
  /// moment later, so writes that others could contest check the leadership themselves.
  std::shared_ptr<const Lease> lease;
};

/// One contender for the leadership of a cluster. Takes it when it is free. Gives it up when its
/// session has ended, its node is gone, or its lease is over. Each answer from ZooKeeper renews the
/// lease, counted from before the request was sent. The lease is five sixths of the session's
/// time-out, so it ends before the session can end and another contender can lead. A lost
/// connection that comes back in time changes nothing. After losing the leadership it opens another
/// session and contends again.
///
/// Each grant has a larger epoch than any before it, of any contender. Grants and revocations
/// alternate.
///
/// An actor: give it to a Scheduler, or step it from within another actor. `on_granted` and
/// `on_revoked` are called in step(), and must not destroy it. Calls to ZooKeeper run on the I/O
/// pool, one round at a time. Lifetime: clock, random, scheduler and factory outlive it and its
/// work on the I/O pool. Clear the wake function before destroying the object that it wakes.
class LeaderElection : public Actor {
 public:
  struct Callbacks {
    std::function<void(const Leadership&)> on_granted;
    std::function<void(const std::string& reason)> on_revoked;
    /// Asked on the I/O pool before each try to lead; may be empty. FAILED_PRECONDITION: this
    /// process must not lead. `on_refused` gets the reason, and the election resigns.
    std::function<Status(ZooKeeperSession&)> may_contend = {};
    std::function<void(const Status& reason)> on_refused = {};
  };

  /// `address`: where others reach this process when it leads.
  LeaderElection(Clock& clock, Random& random, Scheduler& scheduler, ZooKeeperFactory& factory,
                 HaPaths paths, std::string address, Callbacks callbacks);
  /// Ends the session on the I/O pool, without a callback.
  ~LeaderElection() override;

  void set_wake(std::function<void()> wake);
  MonotonicTime step() override;

  /// Gives up the leadership (`on_revoked` gets "resigned"), ends the session so that others need
  /// not wait for its time-out, and stops contending. Any thread. `resigned()`, called where step()
  /// is, turns true when the session has ended.
  void resign();
  bool resigned() const { return phase_ == Phase::kResigned; }

 private:
  enum class Phase { kContending, kLeading, kResigning, kResigned };

  /// One piece of work on the I/O pool.
  struct Round {
    bool renew_session = false;  ///< the current session, if any, is no longer usable
    bool end_session = false;    ///< without opening another one
    bool contend = true;         ///< false: only look
  };
  struct RoundResult {
    StatusOr<Contest> contest = Contest{};
    MonotonicTime asked_at{0};
    bool refused = false;  ///< by Callbacks::may_contend
  };
  struct Event {
    enum class Kind { kRoundDone, kExpired, kLeaderChanged, kResign };
    Kind kind;
    uint64_t session_number = 0;
    RoundResult result;
  };
  /// Callbacks of sessions reach this. It holds no session, to avoid a reference cycle.
  struct Inbox {
    Mailbox<Event> mailbox;
  };
  /// The session. Belongs to the running round, and between rounds to step().
  struct Slot {
    std::shared_ptr<ZooKeeperSession> session;
    std::string contender;
    uint64_t number = 0;  ///< of the session
  };
  struct Asker;

  void start_round();
  void handle(const Event& event, MonotonicTime now);
  void handle_contest(const RoundResult& result, MonotonicTime now);
  void grant(const Contest& contest);
  void revoke(const std::string& reason);
  void drop_session(const std::string& reason);
  MonotonicTime lease_length() const;
  MonotonicTime jittered(MonotonicTime time);

  Clock& clock_;
  Random& random_;
  Scheduler& scheduler_;
  ZooKeeperFactory& factory_;
  const HaPaths paths_;
  const std::string address_;
  const Callbacks callbacks_;
  const std::shared_ptr<Inbox> inbox_;
  const std::shared_ptr<Slot> slot_;

  // the stepping thread only
  std::vector<Event> events_;
  Phase phase_ = Phase::kContending;
  bool round_running_ = false;
  bool resign_asked_ = false;
  bool renew_session_ = false;
  bool look_at_once_ = false;     ///< something changed while a round ran
  uint64_t session_number_ = 0;   ///< of the last round's session
  uint64_t expired_session_ = 0;  ///< the last one reported as expired
  MonotonicTime next_round_ = MonotonicTime::min();
  MonotonicTime session_timeout_{0};
  std::shared_ptr<Lease> lease_;  ///< while leading
  int64_t epoch_ = 0;             ///< of the last grant
  std::string last_failure_;      ///< the last one logged
};

}  // namespace weir
