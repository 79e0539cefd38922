#pragma once

#include <string>
#include <vector>

#include "cluster_plan.h"
#include "sim_network.h"
#include "sim_zookeeper.h"

namespace weir::sim {

/// A job on several processes: coordinators and workers, each on its own host. Stays the same for
/// the whole run of a seed.
struct FleetPlan {
  WorkloadPlan workload;
  SettingsPlan settings;  ///< the same for all processes
  int coordinators = 1;
  bool elected = true;       ///< by ZooKeeper; otherwise one coordinator has a fixed address
  std::vector<int> slots;    ///< slots of each worker
  bool fixed_width = false;  ///< the job waits for all the slots it needs
  int64_t heartbeat_interval_ms = 1000;
  int64_t heartbeat_timeout_ms = 5000;
  int64_t session_timeout_ms = 6000;
  int64_t registration_timeout_ms = 60'000;
  int64_t first_slot_wait_ms = 500;
  bool latest = false;     ///< without a pointer an elected leader restores the latest checkpoint
  MonotonicTime lasts{0};  ///< about how long the job takes without faults
};

/// The hosts that a partition separates.
enum class CutKind {
  kPair,      ///< any two hosts
  kIsolated,  ///< one host from all others
  kElection,  ///< a coordinator from ZooKeeper
  kControl,   ///< a worker from the coordinators
  kData,      ///< a worker from another worker
  kStorage,   ///< one host from HDFS
  kHalves,    ///< the hosts in two halves
};
inline constexpr int kCutKinds = 7;

/// Faults of the safety phase, in addition to those of the world and the disks. Gaps are means; 0:
/// never.
struct FleetFaults {
  WorldFaults world;
  ZooKeeperFaults zookeeper;
  MonotonicTime outage_gap{0};  ///< between outages of ZooKeeper
  MonotonicTime outage_max{1};
  FileFaults checkpoint_files;
  FileFaults output_files;
  MonotonicTime kill_gap{0};  ///< between kills of a process
  double kill_leader = 0;     ///< chance that a kill hits the leading coordinator
  double kill_many = 0;  ///< chance that a kill hits many: each process with a chance of one half
  double vanish = 0;     ///< chance that a kill cuts off the host first, so that nobody is notified
  MonotonicTime down_max{1};  ///< until the process is started again
  MonotonicTime pause_gap{0};
  MonotonicTime pause_max{1};
  double pause_leader = 0;
  double pause_inside = 0;      ///< chance that a pause begins within blocking work
  MonotonicTime depose_gap{0};  ///< between pauses of a leader, within blocking work, until another
                                ///< can lead
  double depose_unseen = 0;  ///< chance that workers then can't reach ZooKeeper for some time, so
                             ///< that they stay with the old leader
  MonotonicTime cut_gap{0};  ///< between partitions
  MonotonicTime cut_max{1};
  double one_way = 0;
  std::vector<CutKind> cut_kinds;
  double wall_skew = 0;  ///< chance of a wrong wall clock, when a process starts
  double restart_when_finished = 0;
  MonotonicTime phase{0};  ///< how long faults happen
};

/// All hosts that can be cut off.
struct FleetHosts {
  std::vector<std::string> coordinators;
  std::vector<std::string> workers;
  std::string zookeeper;
  std::string storage;
};

/// The root node of the election in ZooKeeper.
inline constexpr char kElectionPath[] = "/weir/fleet";

FleetPlan draw_fleet(SimRandom& random, bool wide);
FleetFaults draw_fleet_faults(const FleetPlan& plan, SimRandom& random);
FleetHosts hosts_of(const FleetPlan& plan);
Partition draw_partition(const FleetFaults& faults, const FleetHosts& hosts, SimRandom& random);

/// Text for the test's output: the job of a failing seed and its faults.
std::string describe(const FleetPlan& plan);
std::string describe(const FleetFaults& faults);

}  // namespace weir::sim
