#include <gtest/gtest.h>

#include "base/log.h"
#include "ha_world.h"
#include "sim_disk.h"
#include "sim_network.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const bool kQuiet = (set_log_level(LogLevel::kError), true);

TEST(LeaderElection, AKilledLeaderIsReplacedAfterItsSessionAndTheEpochGrows) {
  TwoCandidates t;
  EXPECT_EQ(t.a->leadership->epoch, 1);
  t.a->process.kill();
  const MonotonicTime begin = t.world.now();
  ASSERT_TRUE(t.run_until([&] { return t.b->leads(); }, 2 * kTimeout));
  EXPECT_EQ(t.b->leadership->epoch, 2);
  EXPECT_LE(t.world.now() - begin, kTimeout * 5 / 4 + seconds(1))
      << "the node's removal is seen by a watch";
}

TEST(LeaderElection, ALeaderThatResignsIsReplacedAtOnce) {
  TwoCandidates t;
  t.a->election->resign();
  ASSERT_TRUE(t.run_until([&] { return t.b->leads(); }, seconds(1)));
  EXPECT_EQ(t.a->reasons, std::vector<std::string>{"resigned"});
  ASSERT_TRUE(t.run_until([&] { return t.a->election->resigned(); }, seconds(1)));
  t.b->election->resign();
  ASSERT_TRUE(t.run_until([&] { return t.b->election->resigned(); }, seconds(1)));
  t.world.run_for(3 * kTimeout);
  EXPECT_FALSE(t.a->leads() || t.b->leads()) << "who has resigned contends no more";
  EXPECT_EQ(t.zookeeper.sessions(), 0u);
}

TEST(LeaderElection, AProcessThatMustNotLeadResignsAndHoldsNoSession) {
  SimWorld world(1);
  SimZooKeeper zookeeper(world);
  SimProcess process(world, "p");
  const auto factory = zookeeper_for(zookeeper, process.life(), kTimeout);
  Platform& platform = process.platform();
  std::vector<Status> answers{unavailable("not now"), {}, failed_precondition("another job")};
  std::string refusal;
  bool granted = false;
  const Candidate leader(world, zookeeper, "leader");
  world.run_for(seconds(5));
  LeaderElection election(
      platform.clock, platform.random, platform.scheduler, *factory, kPaths, "p:1",
      {.on_granted = [&](const Leadership&) { granted = true; },
       .on_revoked = [](const std::string&) {},
       .may_contend =
           [&](ZooKeeperSession&) {
             const Status answer = answers.front();
             if (answers.size() > 1) answers.erase(answers.begin());
             return answer;
           },
       .on_refused = [&](const Status& reason) { refusal = reason.message(); }});
  const auto handle = platform.scheduler.start("election", election, {});
  election.set_wake([&] { handle->wake(); });
  EXPECT_EQ(world.run_until([&] { return election.resigned(); }, 3 * kTimeout),
            SimWorld::Outcome::kDone);
  EXPECT_EQ(refusal, "another job");
  EXPECT_FALSE(granted);
  EXPECT_EQ(zookeeper.sessions(), 1u) << "the leader's";
  election.set_wake(nullptr);
}

TEST(LeaderElection, ABriefOutageOfZooKeeperRevokesNoLeader) {
  TwoCandidates t;
  for (int i = 0; i < 10; ++i) {
    t.zookeeper.outage(seconds(6));
    t.world.run_for(seconds(8));
  }
  EXPECT_TRUE(t.a->leads());
  EXPECT_EQ(t.a->reasons.size(), 0u);
}

/// A ZooKeeper that takes no session.
class Refuses : public ZooKeeperFactory {
 public:
  explicit Refuses(int* asked) : asked_(asked) {}
  StatusOr<std::shared_ptr<ZooKeeperSession>> open(ZSessionListener) override {
    ++*asked_;
    return unavailable("connection refused");
  }

 private:
  int* const asked_;
};

TEST(LeaderElection, ACandidatePausesBeforeItAsksARefusingZooKeeperAgain) {
  SimWorld world(1);
  SimZooKeeper zookeeper(world);
  int asked = 0;
  const Candidate candidate(world, zookeeper, "a", [&](std::unique_ptr<ZooKeeperFactory>) {
    return std::make_unique<Refuses>(&asked);
  });
  world.run_until([&] { return asked > 1000; }, seconds(20));
  EXPECT_GE(asked, 20);
  EXPECT_LE(asked, 100);
}

TEST(LeaderElection, HangingStorageDoesNotCostTheLease) {
  TwoCandidates t;
  t.world.add_disk("file://", std::make_unique<SimDisk>(t.world, "file://", DiskKind::kLocal));
  t.world.faults().slow_operation = 1;
  t.world.faults().slow_operation_max = std::chrono::milliseconds(100);
  bool hangs = true;
  int ended = 0;
  SimProcess& leader = t.a->process;
  const auto place = leader.platform().files.resolve("file:///f");
  const std::string_view all[] = {executors::kCoordinator, executors::kSnapshots,
                                  executors::kRestore,     executors::kReadAhead,
                                  executors::kNetwork,     "op sink"};
  for (const std::string_view executor : all) {
    for (int i = 0; i < 4; ++i) {
      leader.platform().scheduler.run_blocking(executor, [&] {
        while (hangs) (void)place->fs->stat(place->path);
        ++ended;
      });
    }
  }
  t.world.run_for(10 * kTimeout);
  EXPECT_TRUE(t.a->leads());
  EXPECT_EQ(t.a->reasons.size(), 0u);
  hangs = false;
  EXPECT_TRUE(t.run_until([&] { return ended == 24; }, kTimeout));
}

TEST(LeaderElection, AnIsolatedLeaderStepsDownBeforeAnotherLeads) {
  TwoCandidates t;
  const MonotonicTime begin = t.world.now();
  t.world.network().cut_for({{"a"}, {"zookeeper"}, false}, seconds(60));
  ASSERT_TRUE(t.run_until([&] { return !t.a->leadership; }, kTimeout));
  EXPECT_LE(t.world.now() - begin, kTimeout * 5 / 6);
  EXPECT_GE(t.world.now() - begin, kTimeout / 2);
  EXPECT_FALSE(t.b->leads());
  ASSERT_TRUE(t.run_until([&] { return t.b->leads(); }, kTimeout));
  t.world.run_for(seconds(80));
  EXPECT_TRUE(t.b->leads());
  EXPECT_EQ(t.a->epochs, std::vector<int64_t>{1});
  t.b->process.kill();
  ASSERT_TRUE(t.run_until([&] { return t.a->leads(); }, 2 * kTimeout)) << "it contends again";
  EXPECT_EQ(t.a->epochs, (std::vector<int64_t>{1, 3}));
}

TEST(LeaderElection, AnExpiredSessionRevokesLeadershipAtOnce) {
  TwoCandidates t;
  ASSERT_TRUE(t.zookeeper.expire(t.a->leadership->session->id()));
  ASSERT_TRUE(t.run_until([&] { return !t.a->leadership; }, kTimeout / 2));
  ASSERT_TRUE(t.run_until([&] { return t.a->leads() || t.b->leads(); }, kTimeout));
}

TEST(LeaderElection, ALeaderStepsDownIfItsNodeIsRemovedByHand) {
  TwoCandidates t;
  auto operator_session = t.b->factory->open(nullptr);
  ASSERT_TRUE((*operator_session)->remove(kPaths.leader(), kAnyVersion).ok());
  ASSERT_TRUE(t.run_until([&] { return !t.a->leadership; }, kTimeout / 3));
  EXPECT_NE(t.a->reasons[0].find("leader's node"), std::string::npos) << t.a->reasons[0];
}

TEST(LeaderElection, AStandbyWritesNothing) {
  TwoCandidates t;
  t.world.run_for(seconds(5));
  const int64_t before = t.zookeeper.transactions();
  t.world.run_for(std::chrono::hours(1));
  EXPECT_EQ(t.zookeeper.transactions(), before);
  EXPECT_TRUE(t.a->leads());
}

TEST(LeaderElection, ALeaderKeepsLeadingIfAnswersArriveAfterTheNextRequestIsDue) {
  TwoCandidates t;
  t.world.faults().slow_operation = 1;
  t.world.faults().slow_operation_max = kTimeout / 5;  // before and after each call
  t.world.run_for(std::chrono::minutes(20));
  EXPECT_EQ(t.a->reasons, std::vector<std::string>());
  EXPECT_TRUE(t.a->leads());
  EXPECT_GT(t.world.rests(), 100);
}

/// Runs a function after ZooKeeper has answered the last request of a leader's round, while the
/// answer is in flight.
class AnswersLate : public ZooKeeperFactory {
 public:
  AnswersLate(std::unique_ptr<ZooKeeperFactory> factory, std::function<void()> on_answer)
      : factory_(std::move(factory)), on_answer_(std::move(on_answer)) {}
  StatusOr<std::shared_ptr<ZooKeeperSession>> open(ZSessionListener listener) override {
    auto opened = factory_->open(std::move(listener));
    if (!opened.ok()) return opened.status();
    return std::shared_ptr<ZooKeeperSession>(
        std::make_shared<Session>(*std::move(opened), on_answer_));
  }

 private:
  class Session : public PassesOn {
   public:
    Session(std::shared_ptr<ZooKeeperSession> session, std::function<void()>& on_answer)
        : PassesOn(std::move(session)), on_answer_(on_answer) {}
    StatusOr<ZNode> get(const std::string& path) override {
      auto answer = PassesOn::get(path);
      if (path == kPaths.epoch()) on_answer_();
      return answer;
    }

   private:
    std::function<void()>& on_answer_;
  };

  const std::unique_ptr<ZooKeeperFactory> factory_;
  std::function<void()> on_answer_;
};

/// Cuts a leader off after ZooKeeper's last answer to it. The leader sees the answer only after
/// `late`. Returns how long the leader leads after the cut, by its own clock. Expects that no other
/// candidate leads meanwhile.
MonotonicTime leads_after_a_last_answer(MonotonicTime late) {
  SimWorld world(1);
  SimZooKeeper zookeeper(world);
  bool armed = false;
  MonotonicTime cut_at{0};
  Candidate* leader = nullptr;
  Candidate a(world, zookeeper, "a", [&](std::unique_ptr<ZooKeeperFactory> factory) {
    return std::make_unique<AnswersLate>(std::move(factory), [&] {
      if (!std::exchange(armed, false)) return;
      cut_at = world.now();
      world.network().cut_for({{"a"}, {"zookeeper"}, false}, seconds(60));
      if (late.count() == 0) return;
      leader->process.pause_at_next(Operation::kFile, late);
      world.at_operation(*leader->process.life(), Operation::kFile);
    });
  });
  leader = &a;
  EXPECT_EQ(world.run_until([&] { return a.leads(); }, seconds(5)), SimWorld::Outcome::kDone);
  Candidate b(world, zookeeper, "b");
  world.run_for(seconds(5));
  armed = true;
  EXPECT_EQ(world.run_until([&] { return cut_at.count() > 0; }, kTimeout),
            SimWorld::Outcome::kDone);
  MonotonicTime last_led = cut_at;
  const auto look = [&] {
    if (a.leads()) {
      last_led = world.now();
      EXPECT_FALSE(b.leads()) << "two lead " << whole_ms(world.now() - cut_at)
                              << " ms after the last answer";
    }
    return testing::Test::HasFailure();
  };
  world.run_until(look, 3 * kTimeout);
  EXPECT_TRUE(b.leads());
  return last_led - cut_at;
}

TEST(LeaderElection, ALeaseCountsFromBeforeTheRequestHoweverLateTheAnswerIsSeen) {
  for (const MonotonicTime late :
       {MonotonicTime(0), MonotonicTime(kTimeout / 4), MonotonicTime(kTimeout * 3 / 4)}) {
    const MonotonicTime led = leads_after_a_last_answer(late);
    EXPECT_LE(led, kTimeout * 5 / 6) << "seen after " << whole_ms(late) << " ms";
    EXPECT_GE(led, kTimeout * 9 / 12) << "the answer is not counted";
  }
}

TEST(LeaderElection, ALeaseThatExpiredBeforeTheAnswerIsSeenStaysExpired) {
  EXPECT_LE(leads_after_a_last_answer(kTimeout * 5 / 4), kTimeout * 5 / 6);
}

}  // namespace
}  // namespace weir::sim
