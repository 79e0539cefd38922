#pragma once

#include <string>
#include <vector>

#include "cluster_plan.h"
#include "sim_network.h"
#include "sim_zookeeper.h"

namespace weir::sim {

/// A job on several processes: coordinators and workers, each on a host of its own. Stays the same
/// for the whole run of a seed.
struct FleetPlan {
  WorkloadPlan workload;
  SettingsPlan settings;  ///< of all processes
  int coordinators = 1;
  bool elected =
      true;  ///< by ZooKeeper; otherwise there is one coordinator, at an address that all know
  std::vector<int> slots;    ///< of each worker
  bool fixed_width = false;  ///< the job waits for all the slots that it wants
  int64_t heartbeat_interval_ms = 1000;
  int64_t heartbeat_timeout_ms = 5000;
  int64_t session_timeout_ms = 6000;
  int64_t registration_timeout_ms = 60'000;
  int64_t first_slot_wait_ms = 500;
  bool latest =
      false;  ///< elected, and told to go on from the latest checkpoint when there is no pointer
  MonotonicTime lasts{0};  ///< about how long the job takes if nothing happens to it
};

/// Which hosts are cut off from which.
enum class CutKind {
  kPair,      ///< any two
  kIsolated,  ///< one from all others
  kElection,  ///< a coordinator from ZooKeeper
  kControl,   ///< a worker from the coordinators
  kData,      ///< a worker from another
  kStorage,   ///< one from HDFS
  kHalves,    ///< the hosts in two parts
};
inline constexpr int kCutKinds = 7;

/// What goes wrong in the safety phase, beyond what the world and the disks do by themselves. Gaps
/// are means; 0: never.
struct FleetFaults {
  WorldFaults world;
  ZooKeeperFaults zookeeper;
  MonotonicTime outage_gap{0};  ///< between outages of ZooKeeper
  MonotonicTime outage_max{1};
  FileFaults checkpoint_files;
  FileFaults output_files;
  MonotonicTime kill_gap{0};  ///< between kills of a process
  double kill_leader = 0;     ///< of those: the coordinator that leads
  double kill_many = 0;       ///< of those: each process with a chance of one half
  double vanish = 0;          ///< of those: its host is cut off before, so that nobody is told
  MonotonicTime down_max{1};  ///< until it is started again
  MonotonicTime pause_gap{0};
  MonotonicTime pause_max{1};
  double pause_leader = 0;
  double pause_inside = 0;      ///< of those: in the middle of blocking work
  MonotonicTime depose_gap{0};  ///< between times that a leader stands still in the middle of
                                ///< blocking work until another can lead
  double depose_unseen = 0;     ///< of those: workers do not reach ZooKeeper for some time, so that
                                ///< they stay with the old one
  MonotonicTime cut_gap{0};     ///< between partitions
  MonotonicTime cut_max{1};
  double one_way = 0;
  std::vector<CutKind> cut_kinds;
  double wall_skew = 0;  ///< of a process, when it starts
  double restart_when_finished = 0;
  MonotonicTime phase{0};  ///< how long faults go on
};

/// Everybody who can be cut off.
struct FleetHosts {
  std::vector<std::string> coordinators;
  std::vector<std::string> workers;
  std::string zookeeper;
  std::string storage;
};

/// In ZooKeeper.
inline constexpr char kElectionPath[] = "/weir/fleet";

FleetPlan draw_fleet(SimRandom& random, bool wide);
FleetFaults draw_fleet_faults(const FleetPlan& plan, SimRandom& random);
FleetHosts hosts_of(const FleetPlan& plan);
Partition draw_partition(const FleetFaults& faults, const FleetHosts& hosts, SimRandom& random);

/// Lines for people: what a failing seed ran.
std::string describe(const FleetPlan& plan);
std::string describe(const FleetFaults& faults);

}  // namespace weir::sim
