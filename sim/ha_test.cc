#include <gtest/gtest.h>

#include "base/log.h"
#include "base/strings.h"
#include "ha/job_records.h"
#include "ha/leader_finder.h"
#include "ha/zookeeper_conformance.h"
#include "ha_world.h"
#include "sim_network.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const bool kQuiet = (set_log_level(LogLevel::kError), true);

INSTANTIATE_TEST_SUITE_P(
    Simulated, ZooKeeperConformance,
    testing::Values(ZooKeeperUnderTest{
        "simulated",
        [] {
          struct Rig {
            SimWorld world{1};
            SimZooKeeper zookeeper{world};
            SimProcess process{world, "p"};
          };
          auto rig = std::make_shared<Rig>();
          ZooKeeperUnderTest::Place place;
          place.factory = zookeeper_for(rig->zookeeper, rig->process.life());
          (void)(*place.factory->open(nullptr))->create("/test", "", ZNodeKind::kPersistent);
          place.root = "/test";
          place.wait = [rig](const std::function<bool()>& done) {
            return rig->world.run_until(done, 3 * kTimeout) == SimWorld::Outcome::kDone;
          };
          place.expire = [rig](ZooKeeperSession& session) {
            EXPECT_TRUE(rig->zookeeper.expire(session.id()));
          };
          place.keep = rig;
          return place;
        }}),
    testing::PrintToStringParamName());

/// Loses the replies of its next multis, after the server has applied them.
class LosesReplies : public PassesOn {
 public:
  LosesReplies(std::shared_ptr<ZooKeeperSession> session, int count)
      : PassesOn(std::move(session)), count_(count) {}
  Status multi(const std::vector<ZOperation>& operations, int* refused) override {
    ++multis;
    const Status status = PassesOn::multi(operations, refused);
    if (count_-- <= 0) return status;
    if (refused != nullptr) *refused = -1;
    return unavailable("lost");
  }
  int multis = 0;

 private:
  int count_;
};

struct OneProcess {
  OneProcess()
      : world(1),
        zookeeper(world),
        process(world, "p"),
        factory(zookeeper_for(zookeeper, process.life())) {}
  std::shared_ptr<ZooKeeperSession> open() { return factory->open(nullptr).value(); }
  /// Takes over the next epoch, in the given session.
  Leadership lead(std::shared_ptr<ZooKeeperSession> session) {
    const auto contest = contend(*session, kPaths, "p:1", "me").value();
    EXPECT_TRUE(contest.mine);
    return {contest.leader->epoch, contest.epoch_version, kPaths, std::move(session),
            std::make_shared<Lease>()};
  }
  SimWorld world;
  SimZooKeeper zookeeper;
  SimProcess process;
  std::unique_ptr<ZooKeeperFactory> factory;
};

TEST(LeaderNodes, ATakeoverWithALostReplyIsRecognized) {
  OneProcess p;
  LosesReplies session(p.open(), 1);
  const auto contest = contend(session, kPaths, "here:1", "me");
  ASSERT_TRUE(contest.ok()) << contest.status().to_string();
  EXPECT_TRUE(contest->mine);
  EXPECT_EQ(contest->leader->epoch, 1);
  EXPECT_EQ(contest->epoch_version, 1);
  EXPECT_EQ(session.multis, 1) << "not taken twice";
  const auto again = contend(session, kPaths, "here:1", "me");
  EXPECT_EQ(again->leader->epoch, 1);
}

TEST(LeaderNodes, ANodeOfAnotherSessionOrAnotherContenderIsNotMine) {
  OneProcess p;
  const auto session = p.open();
  ASSERT_TRUE(contend(*session, kPaths, "here:1", "me")->mine);
  EXPECT_FALSE(contend(*session, kPaths, "here:1", "another")->mine);
  const auto other = p.open();
  const auto contest = contend(*other, kPaths, "there:1", "me");
  ASSERT_TRUE(contest.ok());
  EXPECT_FALSE(contest->mine);
  EXPECT_EQ(*contest->leader, (LeaderRecord{"here:1", 1, "me"}));
}

TEST(LeaderNodes, ForeignContentIsRefused) {
  OneProcess p;
  const auto session = p.open();
  ASSERT_TRUE(create_parents(*session, kPaths.epoch()).ok());
  ASSERT_TRUE(session->create(kPaths.epoch(), "twelve", ZNodeKind::kPersistent).ok());
  EXPECT_EQ(contend(*session, kPaths, "here:1", "me").status().code(), StatusCode::kDataLoss);
  ASSERT_TRUE(session->create(kPaths.leader(), "{}", ZNodeKind::kEphemeral).ok());
  EXPECT_EQ(contend(*session, kPaths, "here:1", "me").status().code(), StatusCode::kDataLoss);
}

TEST(JobStore, ANewLeaderReadsWhatTheOldOneWrote) {
  OneProcess p;
  JobStore first(p.lead(p.open()), kJob);
  EXPECT_FALSE(first.pointer().value().has_value());
  ASSERT_TRUE(first.set_pointer(pointer_to(3)).ok());
  ASSERT_TRUE(first.set_pointer(pointer_to(4)).ok());
  ASSERT_TRUE(first.set_pointer(pointer_to(4)).ok()) << "once more is no harm";
  const int64_t old_session = p.zookeeper.peek(kPaths.leader())->stat.ephemeral_owner;
  ASSERT_TRUE(p.zookeeper.expire(old_session));
  JobStore second(p.lead(p.open()), kJob);
  const auto pointer = second.pointer().value();
  ASSERT_TRUE(pointer.has_value());
  EXPECT_EQ(pointer->id, 4);
  EXPECT_EQ(pointer->uri, "hdfs://nn//chk-4");
  EXPECT_EQ(pointer->metadata_length, 104);
  EXPECT_EQ(pointer->metadata_checksum, 0xfeedfacecafebeef);
  EXPECT_TRUE(second.set_pointer(pointer_to(4)).ok());
}

TEST(JobStore, ANewLeaderReadsWhatTheClusterRuns) {
  OneProcess p;
  const RecordedJob job{kJob, "flights", "00ff", {{"gap", "1 h"}}};
  const auto session = p.open();
  const Leadership old = p.lead(session);
  JobStore first(old, kJob);
  EXPECT_FALSE(first.job()->has_value());
  ASSERT_TRUE(first.set_job(job).ok());
  ASSERT_TRUE(first.set_job(job).ok()) << "once more is no harm";
  session->close();
  JobStore second(p.lead(p.open()), kJob);
  EXPECT_EQ(second.job()->value(), job);
  RecordedJob changed = job;
  changed.arguments["gap"] = "2 h";
  ASSERT_TRUE(second.set_job(changed).ok());
  EXPECT_EQ(second.job()->value(), changed);
}

TEST(JobStore, ADeposedLeaderDoesNotChangeWhatTheClusterRuns) {
  OneProcess p;
  const auto session = p.open();
  JobStore stale(p.lead(session), kJob);
  ASSERT_TRUE(session->remove(kPaths.leader(), kAnyVersion).ok());
  JobStore fresh(p.lead(p.open()), kJob);
  ASSERT_TRUE(fresh.set_job({kJob, "new", "00", {}}).ok());
  EXPECT_EQ(stale.set_job({kJob, "old", "00", {}}).code(), StatusCode::kAborted);
  EXPECT_EQ(fresh.job()->value().name, "new");
}

TEST(JobStore, AnotherJobMayFollowOneThatHasEnded) {
  OneProcess p;
  const JobId other = murmur3_128("other");
  const Leadership leadership = p.lead(p.open());
  JobStore store(leadership, kJob);
  ASSERT_TRUE(store.set_job({kJob, "flights", "00", {}}).ok());
  EXPECT_EQ(JobStore(leadership, other).job()->value().name, "flights") << "it goes on";
  ASSERT_TRUE(store.set_result({"FINISHED", ""}).ok());
  EXPECT_FALSE(JobStore(leadership, other).job()->has_value());
  EXPECT_TRUE(store.job()->has_value()) << "with other arguments it is another run all the same";
}

TEST(JobStore, ThePointerNeverMovesBack) {
  OneProcess p;
  JobStore store(p.lead(p.open()), kJob);
  ASSERT_TRUE(store.set_pointer(pointer_to(4)).ok());
  EXPECT_EQ(store.set_pointer(pointer_to(3)).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(store.set_pointer(pointer_to(4, "another")).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(store.pointer().value()->uri, pointer_to(4).uri);
}

TEST(JobStore, ThePointerStaysOnceTheJobHasEnded) {
  OneProcess p;
  JobStore store(p.lead(p.open()), kJob);
  ASSERT_TRUE(store.set_pointer(pointer_to(4)).ok());
  ASSERT_TRUE(store.set_result({"CANCELED", ""}).ok());
  EXPECT_EQ(store.set_pointer(pointer_to(5)).code(), StatusCode::kCancelled);
  EXPECT_EQ(store.pointer().value()->id, 4);
}

TEST(JobStore, APausedLeadersPointerIsRefusedAndTheMessageNamesBothEpochs) {
  TwoCandidates t;
  const Leadership old = *t.a->leadership;
  JobStore stale(old, kJob);
  ASSERT_TRUE(stale.set_pointer(pointer_to(1, "a")).ok());
  t.a->process.pause(3 * kTimeout);
  ASSERT_TRUE(t.run_until([&] { return t.b->leads(); }, 2 * kTimeout));
  JobStore fresh(*t.b->leadership, kJob);
  // In-flight work of the paused process continues when it wakes, before the process learns of the
  // new leader.
  Status late;
  t.a->process.platform().scheduler.run_blocking(
      "test", [&] { late = stale.set_pointer(pointer_to(2, "a")); });
  t.world.run_for(3 * kTimeout);
  EXPECT_EQ(late.code(), StatusCode::kAborted) << late.to_string();
  EXPECT_EQ(fresh.pointer().value()->id, 1);
  EXPECT_FALSE(t.a->leadership);
}

TEST(JobStore, ADeposedLeaderWithALivingSessionIsRefusedNamingBothEpochs) {
  OneProcess p;
  const auto old_session = p.open();
  JobStore stale(p.lead(old_session), kJob);
  ASSERT_TRUE(old_session->remove(kPaths.leader(), kAnyVersion).ok());
  const Status gone = stale.set_pointer(pointer_to(1));
  EXPECT_EQ(gone.code(), StatusCode::kAborted) << gone.to_string();
  JobStore fresh(p.lead(p.open()), kJob);
  ASSERT_TRUE(fresh.set_pointer(pointer_to(1)).ok());
  const Status status = stale.set_pointer(pointer_to(2));
  EXPECT_EQ(status.code(), StatusCode::kAborted);
  EXPECT_NE(status.message().find("epoch is 1, and a leader of epoch 2"), std::string_view::npos)
      << status.to_string();
  EXPECT_EQ(stale.set_result({"FINISHED", ""}).code(), StatusCode::kAborted);
  EXPECT_FALSE(fresh.result().value().has_value());
  EXPECT_EQ(fresh.pointer().value()->id, 1);
}

TEST(JobStore, APointerUpdateWithALostReplyIsRecognized) {
  OneProcess p;
  const auto real = p.open();
  Leadership leadership = p.lead(real);
  const auto session = std::make_shared<LosesReplies>(real, 1);
  leadership.session = session;
  JobStore store(leadership, kJob);
  EXPECT_TRUE(store.set_pointer(pointer_to(1)).ok());
  EXPECT_EQ(session->multis, 1);
}

TEST(JobStore, AJobEndsOnceAndItsPointerCanBeRemovedOnlyThen) {
  OneProcess p;
  JobStore store(p.lead(p.open()), kJob);
  ASSERT_TRUE(store.set_pointer(pointer_to(1)).ok());
  EXPECT_EQ(store.remove_pointer().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(store.remove().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(store.set_result({"RUNNING", ""}).code(), StatusCode::kInvalidArgument);
  ASSERT_TRUE(store.set_result({"FAILED", "no luck"}).ok());
  ASSERT_TRUE(store.set_result({"FAILED", "no luck"}).ok());
  EXPECT_EQ(store.set_result({"FINISHED", ""}).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(store.result().value()->state, "FAILED");
  EXPECT_EQ(store.result().value()->message, "no luck");
  EXPECT_TRUE(store.remove_pointer().ok());
  EXPECT_FALSE(store.pointer().value().has_value());
  EXPECT_TRUE(store.result().value().has_value());
  EXPECT_TRUE(store.remove().ok());
  EXPECT_TRUE(store.remove().ok());
  EXPECT_FALSE(p.zookeeper.peek(kPaths.job(kJob)));
}

TEST(JobStore, ADamagedPointerIsNotTreatedAsMissing) {
  OneProcess p;
  const auto session = p.open();
  JobStore store(p.lead(session), kJob);
  ASSERT_TRUE(store.set_pointer(pointer_to(1)).ok());
  const std::string path = kPaths.job(kJob) + "/checkpoint";
  std::string bytes = session->get(path)->data;
  bytes[bytes.find("chk-1") + 4] = '2';
  ASSERT_TRUE(session->set(path, bytes, kAnyVersion).ok());
  EXPECT_EQ(store.pointer().status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(store.set_pointer(pointer_to(2)).code(), StatusCode::kDataLoss);
}

TEST(LeaderFinder, AWorkerIsNotifiedOfEachLeaderOnce) {
  TwoCandidates t;
  SimProcess worker(t.world, "worker");
  const auto factory = zookeeper_for(t.zookeeper, worker.life(), kTimeout);
  std::vector<std::string> notified;
  Platform& platform = worker.platform();
  LeaderFinder finder(platform.clock, platform.random, platform.scheduler, *factory, kPaths,
                      [&](const LeaderRecord& leader) {
                        notified.push_back(cat(leader.address, ' ', leader.epoch));
                      });
  auto handle = platform.scheduler.start("finder", finder, {});
  finder.set_wake([&] { handle->wake(); });
  t.world.run_for(seconds(30));
  EXPECT_EQ(notified, std::vector<std::string>{"a:1 1"});
  t.a->election->resign();
  ASSERT_TRUE(t.run_until([&] { return t.b->leads(); }, seconds(1)));
  t.world.run_for(seconds(1));
  EXPECT_EQ(notified, (std::vector<std::string>{"a:1 1", "b:1 2"}))
      << "by a watch, long before the next poll";
  t.zookeeper.outage(3 * kTimeout);
  t.world.run_for(4 * kTimeout);
  EXPECT_EQ(finder.leader()->epoch, notified.size() == 2 ? 2 : 3);
  finder.set_wake(nullptr);
}

/// Changes the leader after a read of it has been answered, and delivers the watch event before the
/// read returns.
class ChangesBehindTheLook final : public PassesOn {
 public:
  ChangesBehindTheLook(std::shared_ptr<ZooKeeperSession> session, SimWorld& world,
                       std::function<void()> change)
      : PassesOn(std::move(session)), world_(world), change_(std::move(change)) {}
  StatusOr<ZNode> get(const std::string& path) override {
    auto node = PassesOn::get(path);
    if (path != kPaths.leader() || !change_) return node;
    std::exchange(change_, nullptr)();
    world_.faults().slow_operation_max = milliseconds(1);
    world_.faults().slow_operation = 1;  // so that the world continues meanwhile
    for (int i = 0; i < 1000 && !*announced_; ++i) (void)PassesOn::get(path);
    world_.faults().slow_operation = 0;
    EXPECT_TRUE(*announced_);
    return node;
  }
  Status watch(const std::string& path, std::function<void()> changed) override {
    return PassesOn::watch(path, [announced = announced_, changed = std::move(changed)] {
      *announced = true;
      changed();
    });
  }

 private:
  SimWorld& world_;
  std::function<void()> change_;
  const std::shared_ptr<bool> announced_ = std::make_shared<bool>(false);
};

TEST(LeaderFinder, LooksAgainAtOnceIfTheLeaderChangesDuringARead) {
  struct Factory final : ZooKeeperFactory {
    Factory(OneProcess& process, std::function<void()> change)
        : process_(process), change_(std::move(change)) {}
    StatusOr<std::shared_ptr<ZooKeeperSession>> open(ZSessionListener listener) override {
      auto session = process_.factory->open(std::move(listener));
      if (!session.ok()) return session;
      return std::shared_ptr<ZooKeeperSession>(
          std::make_shared<ChangesBehindTheLook>(*std::move(session), process_.world, change_));
    }
    OneProcess& process_;
    const std::function<void()> change_;
  };
  OneProcess p;
  const auto leader = p.open();
  Factory factory(p, [&] { EXPECT_TRUE(contend(*leader, kPaths, "b:1", "b").ok()); });
  std::vector<int64_t> notified;
  Platform& platform = p.process.platform();
  LeaderFinder finder(platform.clock, platform.random, platform.scheduler, factory, kPaths,
                      [&](const LeaderRecord& record) { notified.push_back(record.epoch); });
  auto handle = platform.scheduler.start("finder", finder, {});
  finder.set_wake([&] { handle->wake(); });
  p.world.run_for(seconds(1));
  EXPECT_EQ(notified, std::vector<int64_t>{1}) << "long before the next poll";
  finder.set_wake(nullptr);
}

TEST(LeaderFinder, AnOlderViewInAnotherSessionCausesNoNotification) {
  TwoCandidates t;
  SimProcess worker(t.world, "worker");
  const auto factory = zookeeper_for(t.zookeeper, worker.life(), kTimeout);
  std::vector<int64_t> notified;
  Platform& platform = worker.platform();
  LeaderFinder finder(platform.clock, platform.random, platform.scheduler, *factory, kPaths,
                      [&](const LeaderRecord& leader) { notified.push_back(leader.epoch); });
  auto handle = platform.scheduler.start("finder", finder, {});
  finder.set_wake([&] { handle->wake(); });
  t.a->election->resign();
  ASSERT_TRUE(t.run_until([&] { return !notified.empty() && notified.back() == 2; }, seconds(10)));
  const size_t so_far = notified.size();
  t.zookeeper.faults().stale_read = 1;
  for (int i = 0; i < 10; ++i) {
    t.world.network().cut_for({{"worker"}, {"zookeeper"}, false}, 2 * kTimeout);
    t.world.run_for(3 * kTimeout);
  }
  EXPECT_EQ(notified.size(), so_far);
  finder.set_wake(nullptr);
}

}  // namespace
}  // namespace weir::sim
