#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/strings.h"
#include "fleet_election.h"
#include "fleet_roles.h"
#include "oracle_files.h"

namespace weir::sim {

inline constexpr char kLocalDisk[] = "file://";
inline constexpr char kHdfsDisk[] = "hdfs://nn:8020";

/// Sums by key for some seconds, with state in data files and three retained checkpoints.
inline FleetPlan plan_of_small_fleet(bool elected) {
  FleetPlan plan;
  plan.workload.data_seed = 7;
  plan.workload.sources = {{SourceKind::kGenerator, 2000, 200, 0}};
  plan.workload.ending = Ending::kReduce;
  plan.workload.keys = 24;
  plan.workload.padding = 300;
  plan.workload.max_parallelism = 8;
  plan.workload.checkpoint_disk = plan.workload.output_disk = kHdfsDisk;
  plan.settings.parallelism = plan.settings.sink_parallelism = 2;
  plan.settings.batch_size = 4;
  plan.settings.interval_ms = 700;
  plan.settings.timeout_ms = 5000;
  plan.settings.tolerable_failures = 100;
  plan.settings.num_retained = 3;
  plan.elected = elected;
  plan.coordinators = elected ? 2 : 1;
  plan.slots = {1, 1};
  return plan;
}

/// A process and the objects that run in it.
struct Seat {
  std::unique_ptr<SimProcess> process;
  std::unique_ptr<ZooKeeperFactory> zookeeper;
  std::unique_ptr<FleetMember> member;
  ~Seat() {
    if (process) process->kill();
    member.reset();
  }
};

/// A job on two workers, with a standby if the leader is elected. Has no faults except those that a
/// test makes.
class Fleet {
 public:
  explicit Fleet(bool elected)
      : plan_(plan_of_small_fleet(elected)),
        hosts_(hosts_of(plan_)),
        oracle_(plan_.workload),
        zookeeper_(world_, hosts_.zookeeper) {
    world_.add_disk(kLocalDisk, std::make_unique<SimDisk>(world_, "local", DiskKind::kLocal));
    world_.add_disk(kHdfsDisk, std::make_unique<SimDisk>(world_, "hdfs", DiskKind::kHdfs));
    watch_ = std::make_unique<FileWatch>(*world_.disk(kHdfsDisk), job_directory(),
                                         *world_.disk(kHdfsDisk), kOutputDirectory);
    for (int i = 0; i < plan_.coordinators; ++i) start_coordinator(i);
    for (int i = 0; i < 2; ++i) start_worker(i);
  }

  Seat& start_coordinator(int index) {
    return start(coordinators_, hosts_.coordinators, index, roles_.coordinator);
  }
  Seat& start_worker(int index) { return start(workers_, hosts_.workers, index, roles_.worker); }

  /// Runs until `there` holds, and checks the visible output meanwhile. Returns false after
  /// `bound`.
  bool run_until(const std::function<bool()>& there,
                 MonotonicTime bound = std::chrono::seconds(120)) {
    const MonotonicTime end = world_.now() + bound;
    while (!there()) {
      if (world_.now() >= end) return false;
      world_.run_for(std::chrono::milliseconds(20));
      (void)watch_->look(/*may_take_back=*/true);
      for (const std::string& complaint : oracle_.check_so_far(watch_->parts()))
        ADD_FAILURE() << complaint;
      if (testing::Test::HasFailure()) return false;
    }
    return true;
  }
  void run_until_checkpoints(size_t count) {
    ASSERT_TRUE(run_until([&] { return watch_->complete().size() >= count; }));
  }
  /// Flips a bit in a value of the newest checkpoint. The value can still be decoded. Returns the
  /// checkpoint's number.
  int64_t damage_newest() {
    const int64_t id = watch_->complete().back();
    const auto files = world_.disk(kHdfsDisk)->raw().list(cat(job_directory(), "/chk-", id));
    for (const FileInfo& file : *files) {
      if (file.path.find("/data-") == std::string::npos) continue;
      std::string bytes = *read_file(world_.disk(kHdfsDisk)->raw(), file.path);
      bytes[bytes.size() * 3 / 4] ^= 1;
      EXPECT_TRUE(world_.disk(kHdfsDisk)->raw().remove(file.path).ok());
      EXPECT_TRUE(write_file(world_.disk(kHdfsDisk)->raw(), file.path, bytes).ok());
      return id;
    }
    ADD_FAILURE() << "checkpoint " << id << " has no data file";
    return id;
  }
  SimZooKeeper& zookeeper() { return zookeeper_; }
  Seat* leader() {
    for (Seat& seat : coordinators_) {
      if (seat.member && seat.process->alive() && seat.member->view().leads) return &seat;
    }
    return nullptr;
  }
  Seat& coordinator(int index) { return coordinators_[static_cast<size_t>(index)]; }
  Seat& worker(int index) { return workers_[static_cast<size_t>(index)]; }
  bool finished() {
    for (Seat& seat : coordinators_) {
      if (seat.member && seat.process->alive() && seat.member->view().finished) return true;
    }
    return false;
  }
  std::vector<std::string> wrong_at_the_end() const {
    return oracle_.check_finished(watch_->parts());
  }
  bool result_is_recorded() { return ElectionWatch(zookeeper_, job_id_of_workload()).result(); }
  static std::string job_directory() {
    return cat(kCheckpointDirectory, '/', job_id_of_workload().to_hex());
  }

 private:
  Seat& start(std::array<Seat, 2>& seats, const std::vector<std::string>& hosts, int index,
              const FleetRoles::Make& make) {
    Seat& seat = seats[static_cast<size_t>(index)];
    if (seat.process) seat.process->kill();
    seat.member.reset();
    seat.zookeeper.reset();
    ++starts_;
    seat.process =
        std::make_unique<SimProcess>(world_, cat(hosts[static_cast<size_t>(index)], '.', starts_),
                                     hosts[static_cast<size_t>(index)]);
    seat.zookeeper = zookeeper_for(zookeeper_, seat.process->life(),
                                   std::chrono::milliseconds(plan_.session_timeout_ms));
    seat.member = make(world_, *seat.process, {plan_, mishaps_, index, starts_, *seat.zookeeper});
    return seat;
  }

  const FleetPlan plan_;
  const FleetHosts hosts_;
  const Oracle oracle_;
  SimWorld world_{11, {}};
  SimZooKeeper zookeeper_;
  const std::shared_ptr<Mishaps> mishaps_ = std::make_shared<Mishaps>();
  const FleetRoles roles_ = engine_roles();
  std::unique_ptr<FileWatch> watch_;
  int starts_ = 0;
  std::array<Seat, 2> coordinators_;
  std::array<Seat, 2> workers_;
};

}  // namespace weir::sim
