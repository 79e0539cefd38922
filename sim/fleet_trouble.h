#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fleet_member.h"
#include "fleet_plan.h"
#include "fleet_run.h"
#include "sim_network.h"
#include "sim_zookeeper.h"

namespace weir::sim {

inline constexpr MonotonicTime kNever = MonotonicTime::max();

/// A host and the process that runs on it now.
struct Seat {
  std::string host;
  bool coordinator = false;
  int index = 0;
  int starts = 0;
  MonotonicTime start_at{0};  ///< if no process runs; kNever: it stays down
  bool led = false;           ///< led at the last look
  bool signed_off = false;    ///< asked to leave
  int64_t epoch = 0;          ///< epoch at the last look
  bool calm_start = false;    ///< started after the last fault
  bool finished = false;      ///< its program ended and reported that the job has finished
  std::unique_ptr<SimProcess> process;  ///< declared before the objects that run in it
  std::unique_ptr<ZooKeeperFactory> zookeeper;
  std::unique_ptr<FleetMember> member;
};

/// Makes trouble for the processes of a job, as the faults of a seed say.
class FleetTrouble {
 public:
  FleetTrouble(SimWorld& world, SimZooKeeper& zookeeper, const FleetPlan& plan,
               const FleetFaults& faults, std::vector<Seat>& seats, SimRandom& random,
               uint64_t seed, FleetStatistics& statistics)
      : world_(world),
        zookeeper_(zookeeper),
        plan_(plan),
        faults_(faults),
        hosts_(hosts_of(plan)),
        seats_(seats),
        random_(random),
        asks_to_leave_(seed ^ 0x1eafe),
        at_directories_(seed ^ 0xd1ec),
        late_barriers_(splitmix_output(seed ^ 0xba66)),
        statistics_(statistics) {}

  /// The faults begin now.
  void begin();
  /// When something is due.
  MonotonicTime due() const;
  /// Causes what is due.
  void act();
  /// Keeps some of the hosts that are down from starting again, as long as enough others remain.
  void keep_a_core_down();

  /// In half of the cases mostly short, in the other half any time up to `most`.
  MonotonicTime a_while(MonotonicTime most);

 private:
  /// Kills a process or several, or asks one to leave.
  void kill_someone();
  void pause_someone();
  /// Pauses the leader at its next write, or while it makes the directory of a checkpoint, until
  /// its session has ended.
  void depose();
  void cut_someone_off();
  /// Makes a barrier of an aborted checkpoint arrive after the next one's, on another channel. One
  /// worker does not hear of the checkpoint before it is aborted, and sends only the barrier of the
  /// next one. To another worker that one comes first, and then all that was late: the barriers of
  /// the others, and what the coordinator has said. That worker is killed soon, so that the next
  /// checkpoint is restored.
  void delay_barriers();
  /// A process that runs; with this chance one that leads, if any does. Null: none runs.
  Seat* someone(double leader);
  MonotonicTime after(MonotonicTime gap);
  void sign_off(Seat& seat);
  bool may_delay_barriers() const;
  MonotonicTime next_delay();
  /// Until the checkpoint that follows the next one is triggered, if the next one is not
  /// acknowledged.
  MonotonicTime two_checkpoints() const;

  SimWorld& world_;
  SimZooKeeper& zookeeper_;
  const FleetPlan& plan_;
  const FleetFaults& faults_;
  const FleetHosts hosts_;
  std::vector<Seat>& seats_;
  SimRandom& random_;
  // Separate generators, so that existing seeds keep their meaning.
  SimRandom asks_to_leave_;
  SimRandom at_directories_;
  SimRandom late_barriers_;
  MonotonicTime kill_at_ = kNever;
  MonotonicTime pause_at_ = kNever;
  MonotonicTime cut_at_ = kNever;
  MonotonicTime depose_at_ = kNever;
  MonotonicTime outage_at_ = kNever;
  MonotonicTime delay_barriers_at_ = kNever;
  FleetStatistics& statistics_;
};

}  // namespace weir::sim
