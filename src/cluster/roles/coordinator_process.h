#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cluster/job_master/job_master.h"
#include "ha/leader_election.h"
#include "platform/mailbox.h"
#include "platform/platform.h"

namespace weir {

struct CoordinatorProcessOptions {
  JobOptions job;
  Address listen;               ///< for workers; port 0: any free one
  std::string advertised_host;  ///< how others reach this host; empty: as in `listen`
  int64_t epoch_without_election = 1;
};

struct CoordinatorProcessView {
  bool leads = false;
  /// This process has finished: the job has ended for good, or leave() is done.
  bool ended = false;
  JobView job;  ///< of the last job master in this process
};

/// A coordinator process: with election, competes for leadership; runs a job master while it leads,
/// and accepts workers' connections for it. When it loses leadership, it destroys its job master
/// without any cleanup: the next leader continues from there. Thread: its own (an actor); view(),
/// leave() and cancel() any. The graph must outlive it.
class CoordinatorProcess final : public Actor {
 public:
  /// `zookeeper`: null without election, and then this process leads from the beginning. `on_end`
  /// is called once, when the view shows that this process has finished.
  CoordinatorProcess(const JobGraph& graph, CoordinatorProcessOptions options, Platform& platform,
                     ZooKeeperFactory* zookeeper, HaPaths paths, std::function<void()> on_end);
  ~CoordinatorProcess() override;

  /// Call before the first step. Same errors as Transport::listen.
  Status listen();
  Address address() const;
  Mailbox<std::function<void()>>& mailbox() { return *mailbox_; }

  CoordinatorProcessView view() const;
  /// Ends this process's part and leaves the job as it is: records and deletes nothing, and a
  /// standby continues at once. A lost lease or a ZooKeeper outage does not revoke the call: this
  /// process never leads again.
  void leave();
  /// Ends the job for good. No effect if another process leads. If leadership is lost before the
  /// job has ended, the job is canceled when this process leads again.
  void cancel();

  /// As of JobMaster. While this process does not lead, observe() does nothing, and the others are
  /// UNAVAILABLE. Thread: any.
  void observe();
  void trigger_checkpoint(SnapshotFormat format, CheckpointDone done);
  void trigger_savepoint(SavepointRequest request, CheckpointDone done);
  void rescale(int slots, JobMaster::RescaleDone done);
  void read_text(std::string worker, ProcessText what, TextRequests::Done done);

  MonotonicTime step() override;

 private:
  /// Routes incoming connections to the job master that exists at the moment.
  struct ConnectionRouter {
    std::mutex mutex;
    JobMaster* master = nullptr;  // guarded by mutex
  };

  Endpoint accept(std::unique_ptr<Connection> connection);
  void lead(int64_t epoch, std::shared_ptr<LeaderStore> store);
  void refuse(const Status& reason);
  void step_down();
  void on_job_end(int64_t epoch);

  const JobGraph& graph_;
  const CoordinatorProcessOptions options_;
  Platform& platform_;
  ZooKeeperFactory* const zookeeper_;
  const HaPaths paths_;
  std::function<void()> on_end_;
  const std::shared_ptr<Mailbox<std::function<void()>>> mailbox_ =
      std::make_shared<Mailbox<std::function<void()>>>();
  std::vector<std::function<void()>> actions_;
  const std::shared_ptr<ConnectionRouter> router_ = std::make_shared<ConnectionRouter>();
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<LeaderElection> election_;  ///< null without election
  std::unique_ptr<JobMaster> master_;         ///< exists while leading
  std::unique_ptr<ActorHandle> master_handle_;
  int64_t epoch_ = 0;  ///< of master_
  bool begun_ = false;
  bool leaving_ = false;
  bool cancel_requested_ = false;
  bool job_ended_ = false;

  mutable std::mutex view_mutex_;
  CoordinatorProcessView view_;  ///< guarded by view_mutex_, except for the job of a live master
};

}  // namespace weir
