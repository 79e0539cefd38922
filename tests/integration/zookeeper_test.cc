#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "base/strings.h"
#include "ha/job_store.h"
#include "ha/leader_election.h"
#include "ha/leader_finder.h"
#include "ha/zookeeper_client.h"
#include "ha/zookeeper_conformance.h"
#include "platform/real_clock.h"
#include "platform/real_random.h"
#include "platform/real_scheduler.h"
#include "tcp_gate.h"

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kTimeout{2000};
const JobId kJob = murmur3_128("job");
const bool kQuiet = (set_log_level(LogLevel::kError), true);

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}
std::string quorum() { return environment("WEIR_TEST_ZOOKEEPER"); }
int quorum_port() { return std::atoi(quorum().substr(quorum().rfind(':') + 1).c_str()); }

bool run_tool(const std::string& command) {
  return std::system(cat("'", environment("WEIR_TEST_ZOOKEEPER_TOOL"), "' ", command, " --home '",
                         environment("WEIR_TEST_ZOOKEEPER_HOME"), "' >&2")
                         .c_str()) == 0;
}

bool wait_for(const std::function<bool()>& done, milliseconds at_most = 4 * kTimeout) {
  const auto end = std::chrono::steady_clock::now() + at_most;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

std::string fresh_root() {
  static std::atomic<int> next{0};
  return cat("/weir-test-", ::getpid(), "-", next++);
}

ZooKeeperClientOptions options_for(const std::string& servers) {
  ZooKeeperClientOptions options;
  options.quorum = servers;
  options.session_timeout = kTimeout;
  options.connection_timeout = seconds(10);
  return options;
}

/// Reaches ZooKeeper through a gate that can be shut.
struct Gated {
  RealClock clock;
  TcpGate gate{quorum_port()};
  ZooKeeperClientFactory factory{clock, options_for(cat("127.0.0.1:", gate.port()))};
};

INSTANTIATE_TEST_SUITE_P(
    Real, ZooKeeperConformance,
    testing::Values(ZooKeeperUnderTest{
        "real",
        [] {
          // Each session has its own gate, so that it can be cut off alone.
          struct Factory : ZooKeeperFactory {
            StatusOr<std::shared_ptr<ZooKeeperSession>> open(ZSessionListener listener) override {
              gates.push_back(std::make_unique<Gated>());
              auto session = gates.back()->factory.open(std::move(listener));
              if (session.ok()) by_session[(*session)->id()] = gates.back().get();
              return session;
            }
            std::vector<std::unique_ptr<Gated>> gates;
            std::map<int64_t, Gated*> by_session;
          };
          ZooKeeperUnderTest::Place place;
          const auto factory = std::make_shared<Factory>();
          place.factory = factory;
          place.root = fresh_root();
          auto session = factory->open(nullptr);
          EXPECT_TRUE(session.ok()) << session.status().to_string();
          if (session.ok()) {
            EXPECT_TRUE((*session)->create(place.root, "", ZNodeKind::kPersistent).ok());
          }
          place.wait = [](const std::function<bool()>& done) { return wait_for(done); };
          place.expire = [factory](ZooKeeperSession& victim) {
            TcpGate& gate = factory->by_session.at(victim.id())->gate;
            gate.shut();
            std::this_thread::sleep_for(2 * kTimeout);
            gate.open();
          };
          return place;
        }}),
    testing::PrintToStringParamName());

class RealZooKeeper : public testing::Test {
 protected:
  void SetUp() override {
    if (quorum().empty())
      GTEST_SKIP() << "WEIR_TEST_ZOOKEEPER names no ZooKeeper: run tests/integration/run.sh";
  }
};

/// A contender with its own scheduler, as in a separate process.
struct CoordinatorProcess {
  CoordinatorProcess(const HaPaths& paths, std::string name,
                     std::function<void(const Leadership&)> on_granted = nullptr)
      : election(gated.clock, random, scheduler, gated.factory, paths, name,
                 {[this, on_granted](const Leadership& granted) {
                    std::lock_guard lock(mutex);
                    leadership = granted;
                    epoch = granted.epoch;
                  },
                  [this](const std::string& why) {
                    std::lock_guard lock(mutex);
                    reasons.push_back(why);
                    epoch = 0;
                  }}) {
    handle = scheduler.start("election", election, {});
    election.set_wake([this] { handle->wake(); });
  }
  ~CoordinatorProcess() {
    handle->stop();
    election.set_wake(nullptr);
    handle = nullptr;
  }
  Leadership last() {
    std::lock_guard lock(mutex);
    return *leadership;
  }
  bool leads() const { return epoch != 0; }

  Gated gated;
  RealRandom random;
  RealScheduler scheduler;
  std::mutex mutex;
  std::optional<Leadership> leadership;
  std::vector<std::string> reasons;
  std::atomic<int64_t> epoch{0};
  LeaderElection election;
  std::unique_ptr<ActorHandle> handle;
};

CompletedPointer pointer_to(CheckpointId id) { return {id, cat("file:///chk-", id), 10, 20}; }

TEST_F(RealZooKeeper, CutOffLeaderStepsDownAnotherLeadsAndTheFirstOnesPointerIsRefused) {
  const HaPaths paths{fresh_root() + "/cluster"};
  CoordinatorProcess a(paths, "a:1");
  ASSERT_TRUE(wait_for([&] { return a.leads(); }));
  CoordinatorProcess b(paths, "b:1");
  JobStore first(a.last(), kJob);
  EXPECT_FALSE(first.pointer().value().has_value());
  EXPECT_TRUE(first.set_pointer(pointer_to(1)).ok());
  EXPECT_FALSE(b.leads());

  a.gated.gate.shut();
  ASSERT_TRUE(wait_for([&] { return !a.leads(); }));
  EXPECT_FALSE(b.leads()) << "the lease ends before the session";
  ASSERT_TRUE(wait_for([&] { return b.leads(); }));
  EXPECT_EQ(b.epoch, a.last().epoch + 1);
  JobStore second(b.last(), kJob);
  EXPECT_EQ(second.pointer().value()->id, 1);
  EXPECT_TRUE(second.set_pointer(pointer_to(2)).ok());
  a.gated.gate.open();
  const Status stale = first.set_pointer(pointer_to(3));
  EXPECT_EQ(stale.code(), StatusCode::kAborted) << stale.to_string();
  EXPECT_EQ(second.pointer().value()->id, 2);
}

TEST_F(RealZooKeeper, DeposedLeaderIsRefusedByItsEpochAlthoughItsSessionLives) {
  const HaPaths paths{fresh_root() + "/cluster"};
  Gated gated;
  const auto old_session = gated.factory.open(nullptr).value();
  const auto old = contend(*old_session, paths, "a:1", "a").value();
  ASSERT_TRUE(old.mine);
  const Leadership leadership{old.leader->epoch, old.epoch_version, paths, old_session, nullptr};
  JobStore stale(leadership, kJob);
  EXPECT_TRUE(stale.set_pointer(pointer_to(1)).ok());
  EXPECT_EQ(stale.set_pointer(pointer_to(1)).code(), StatusCode::kOk);
  ASSERT_TRUE(old_session->remove(paths.leader(), kAnyVersion).ok());
  const auto session = gated.factory.open(nullptr).value();
  const auto next = contend(*session, paths, "b:1", "b").value();
  ASSERT_TRUE(next.mine);
  const Status status = stale.set_pointer(pointer_to(2));
  EXPECT_EQ(status.code(), StatusCode::kAborted);
  EXPECT_NE(status.message().find("epoch is 1, and a leader of epoch 2"), std::string_view::npos)
      << status.to_string();
  JobStore store({next.leader->epoch, next.epoch_version, paths, session, nullptr}, kJob);
  EXPECT_EQ(store.pointer().value()->id, 1);
  EXPECT_TRUE(store.set_result({"FINISHED", ""}).ok());
  EXPECT_EQ(stale.set_result({"FAILED", ""}).code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(store.remove().ok());
  EXPECT_EQ(session->get(paths.job(kJob)).status().code(), StatusCode::kNotFound);
}

TEST_F(RealZooKeeper, TakeOverWithALostReplyIsFoundAgain) {
  const HaPaths paths{fresh_root() + "/cluster"};
  CoordinatorProcess a(paths, "a:1");
  ASSERT_TRUE(wait_for([&] { return a.leads(); }));
  CoordinatorProcess b(paths, "b:1");
  // The connection breaks at the moment of b's take-over, repeatedly: requests pass, replies do
  // not.
  for (int i = 0; i < 3; ++i) {
    CoordinatorProcess& leader = a.leads() ? a : b;
    CoordinatorProcess& other = a.leads() ? b : a;
    const int64_t before = leader.epoch;
    other.gated.gate.break_after_next_reply_is_due(3 + i);
    leader.gated.gate.shut();
    ASSERT_TRUE(wait_for([&] { return other.leads(); }, 8 * kTimeout));
    EXPECT_GT(other.epoch, before);
    leader.gated.gate.open();
    ASSERT_TRUE(wait_for([&] { return !leader.leads(); }));
  }
}

TEST_F(RealZooKeeper, BrokenConnectionThatComesBackRevokesNoLeadership) {
  const HaPaths paths{fresh_root() + "/cluster"};
  CoordinatorProcess a(paths, "a:1");
  ASSERT_TRUE(wait_for([&] { return a.leads(); }));
  for (int i = 0; i < 5; ++i) {
    a.gated.gate.break_connections();
    std::this_thread::sleep_for(kTimeout / 4);
  }
  EXPECT_TRUE(a.leads());
  EXPECT_EQ(a.reasons.size(), 0u);
}

TEST_F(RealZooKeeper, RestartedServerKeepsThePointer) {
  const HaPaths paths{fresh_root() + "/cluster"};
  std::optional<CoordinatorProcess> a;
  a.emplace(paths, "a:1");
  ASSERT_TRUE(wait_for([&] { return a->leads(); }));
  const int64_t before = a->epoch;
  ASSERT_TRUE(JobStore(a->last(), kJob).set_pointer(pointer_to(5)).ok());
  ASSERT_TRUE(run_tool("kill"));
  const Status unknown = JobStore(a->last(), kJob).set_pointer(pointer_to(6));
  EXPECT_TRUE(unknown.code() == StatusCode::kUnavailable || unknown.code() == StatusCode::kAborted)
      << unknown.to_string();
  ASSERT_TRUE(wait_for([&] { return !a->leads(); })) << "its lease is over";
  ASSERT_TRUE(run_tool("revive"));
  ASSERT_TRUE(wait_for([&] { return a->leads(); }, 8 * kTimeout));
  EXPECT_GT(a->epoch, before);
  EXPECT_EQ(JobStore(a->last(), kJob).pointer().value()->id, 5);
}

TEST_F(RealZooKeeper, FrozenServerDoesNotBlockACallForLongerThanItsTimeout) {
  Gated gated;
  const auto session = gated.factory.open(nullptr).value();
  ASSERT_TRUE(run_tool("pause"));
  const auto begin = std::chrono::steady_clock::now();
  const Status status = session->get("/").status();
  const auto took = std::chrono::steady_clock::now() - begin;
  ASSERT_TRUE(run_tool("resume"));
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.to_string();
  EXPECT_LT(took, kTimeout * 3 / 2);
}

TEST_F(RealZooKeeper, UnreachableServerIsReportedInASentence) {
  Gated gated;
  gated.gate.refuse();
  ZooKeeperClientOptions options = options_for(cat("127.0.0.1:", gated.gate.port()));
  options.connection_timeout = milliseconds(300);
  const Status status = ZooKeeperClientFactory(gated.clock, options).open(nullptr).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("high-availability.zookeeper.quorum"), std::string_view::npos)
      << status.to_string();
}

TEST_F(RealZooKeeper, NodesOfACreatorAreItsAlone) {
  RealClock clock;
  ZooKeeperClientOptions mine = options_for(quorum());
  mine.digest = "me:secret";
  mine.creator_only = true;
  ZooKeeperClientFactory owner(clock, mine);
  ZooKeeperClientFactory stranger(clock, options_for(quorum()));
  const std::string path = fresh_root();
  const auto session = owner.open(nullptr).value();
  ASSERT_TRUE(session->create(path, "private", ZNodeKind::kPersistent).ok());
  EXPECT_EQ(session->get(path)->data, "private");
  const auto other = stranger.open(nullptr).value();
  EXPECT_EQ(other->get(path).status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(other->multi({set_operation(path, "x", kAnyVersion)}).code(),
            StatusCode::kPermissionDenied);
  EXPECT_TRUE(session->remove(path, kAnyVersion).ok());
}

TEST_F(RealZooKeeper, WorkerIsNotifiedOfEachLeader) {
  const HaPaths paths{fresh_root() + "/cluster"};
  Gated gated;
  RealRandom random;
  RealScheduler scheduler;
  std::mutex mutex;
  std::vector<std::string> notified;
  LeaderFinder finder(gated.clock, random, scheduler, gated.factory, paths,
                      [&](const LeaderRecord& leader) {
                        std::lock_guard lock(mutex);
                        notified.push_back(cat(leader.address, ' ', leader.epoch));
                      });
  const auto heard = [&](std::vector<std::string> wanted) {
    return wait_for([&] {
      std::lock_guard lock(mutex);
      return notified == wanted;
    });
  };
  auto handle = scheduler.start("finder", finder, {});
  finder.set_wake([&] { handle->wake(); });
  {
    CoordinatorProcess a(paths, "a:1");
    EXPECT_TRUE(heard({"a:1 1"}));
    a.election.resign();
    CoordinatorProcess b(paths, "b:1");
    EXPECT_TRUE(heard({"a:1 1", "b:1 2"}));
  }
  handle->stop();
  finder.set_wake(nullptr);
}

}  // namespace
}  // namespace weir
