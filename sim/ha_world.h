#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/strings.h"
#include "ha/job_store.h"
#include "ha/leader_election.h"
#include "sim_process.h"
#include "sim_zookeeper.h"

namespace weir::sim {

inline constexpr MonotonicTime kTimeout = std::chrono::seconds(10);

inline const JobId kJob = murmur3_128("job");
inline const HaPaths kPaths{"/weir/test"};

inline CompletedPointer pointer_to(CheckpointId id, const std::string& who = "") {
  return {id, cat("hdfs://nn/", who, "/chk-", id), 100 + id, 0xfeedfacecafebeef};
}

/// A session that forwards all calls. Subclasses change one of them.
class PassesOn : public ZooKeeperSession {
 public:
  explicit PassesOn(std::shared_ptr<ZooKeeperSession> session) : session_(std::move(session)) {}
  int64_t id() const override { return session_->id(); }
  std::chrono::milliseconds timeout() const override { return session_->timeout(); }
  Status create(const std::string& path, const std::string& data, ZNodeKind kind) override {
    return session_->create(path, data, kind);
  }
  StatusOr<ZNode> get(const std::string& path) override { return session_->get(path); }
  StatusOr<int32_t> set(const std::string& path, const std::string& data,
                        int32_t version) override {
    return session_->set(path, data, version);
  }
  Status remove(const std::string& path, int32_t version) override {
    return session_->remove(path, version);
  }
  StatusOr<std::vector<std::string>> children(const std::string& path) override {
    return session_->children(path);
  }
  Status multi(const std::vector<ZOperation>& operations, int* refused) override {
    return session_->multi(operations, refused);
  }
  Status watch(const std::string& path, std::function<void()> changed) override {
    return session_->watch(path, std::move(changed));
  }
  void close() override { session_->close(); }

 private:
  const std::shared_ptr<ZooKeeperSession> session_;
};

/// A process that takes part in the election.
struct Candidate {
  using Wrap = std::function<std::unique_ptr<ZooKeeperFactory>(std::unique_ptr<ZooKeeperFactory>)>;
  Candidate(SimWorld& world, SimZooKeeper& zookeeper, const std::string& name,
            const Wrap& wrap = nullptr)
      : process(world, name), factory(zookeeper_for(zookeeper, process.life(), kTimeout)) {
    if (wrap) factory = wrap(std::move(factory));
    Platform& platform = process.platform();
    election = std::make_unique<LeaderElection>(
        platform.clock, platform.random, platform.scheduler, *factory, kPaths, name + ":1",
        LeaderElection::Callbacks{[this](const Leadership& granted) {
                                    EXPECT_FALSE(leadership) << "granted twice";
                                    leadership = granted;
                                    epochs.push_back(granted.epoch);
                                    if (on_granted) on_granted(granted);
                                  },
                                  [this](const std::string& reason) {
                                    EXPECT_TRUE(leadership) << "revoked twice";
                                    leadership.reset();
                                    reasons.push_back(reason);
                                  }});
    handle = platform.scheduler.start("election", *election, {});
    election->set_wake([this] { handle->wake(); });
  }
  ~Candidate() {
    election->set_wake(nullptr);
    handle = nullptr;
  }
  /// Whether it leads, by its own clock.
  bool leads() {
    return process.alive() && leadership && leadership->lease->held(process.platform().clock);
  }

  SimProcess process;
  std::unique_ptr<ZooKeeperFactory> factory;
  std::unique_ptr<LeaderElection> election;
  std::unique_ptr<ActorHandle> handle;
  std::function<void(const Leadership&)> on_granted;
  std::optional<Leadership> leadership;
  std::vector<int64_t> epochs;
  std::vector<std::string> reasons;
};

/// A world with a ZooKeeper and two candidates, `a` leading.
struct TwoCandidates {
  explicit TwoCandidates(uint64_t seed = 1) : world(seed), zookeeper(world) {
    a = std::make_unique<Candidate>(world, zookeeper, "a");
    EXPECT_EQ(world.run_until([&] { return a->leads(); }, std::chrono::seconds(5)),
              SimWorld::Outcome::kDone);
    b = std::make_unique<Candidate>(world, zookeeper, "b");
    world.run_for(std::chrono::seconds(5));
    EXPECT_FALSE(b->leads());
  }
  bool run_until(const std::function<bool()>& done, MonotonicTime at_most) {
    return world.run_until(done, at_most) == SimWorld::Outcome::kDone;
  }
  SimWorld world;
  SimZooKeeper zookeeper;
  std::unique_ptr<Candidate> a;
  std::unique_ptr<Candidate> b;
};

}  // namespace weir::sim
