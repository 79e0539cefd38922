#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/strings.h"
#include "checkpoint/in_flight_list.h"
#include "fs/file_system_registry.h"
#include "runtime/in_flight_format.h"
#include "runtime/job_execution.h"
#include "runtime/testing/exchange_job.h"
#include "runtime/testing/loopback.h"

namespace weir::exchange_tests {

/// Steps actors one after the other on the test's thread.
class Steps final : public Scheduler, public Clock, public Random {
 public:
  struct Entry {
    Actor* actor;
    bool stopped = false;
  };
  class Handle final : public ActorHandle {
   public:
    explicit Handle(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}
    ~Handle() override { stop(); }
    void wake() override {}
    void stop() override { entry_->stopped = true; }

   private:
    std::shared_ptr<Entry> entry_;
  };
  std::unique_ptr<ActorHandle> start(std::string, Actor& actor, ActorOptions) override {
    entries_.push_back(std::make_shared<Entry>(Entry{&actor}));
    return std::make_unique<Handle>(entries_.back());
  }
  void run_blocking(std::string_view, std::function<void()> work) override {
    work_.push_back(std::move(work));
  }
  MonotonicTime now() const override { return now_; }
  int64_t wall_ms() const override { return 0; }
  uint64_t next() override { return ++random_; }

  void step_all() {
    now_ += std::chrono::milliseconds(1);
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (!entries_[i]->stopped) entries_[i]->actor->step();
    }
    while (!work_.empty()) {
      work_.front()();
      work_.pop_front();
    }
  }

 private:
  std::vector<std::shared_ptr<Entry>> entries_;
  std::deque<std::function<void()>> work_;
  MonotonicTime now_{0};
  uint64_t random_ = 0;
};

class NoFiles final : public FileSystemRegistry {
 public:
  StatusOr<FileLocation> resolve(const std::string& uri) override { return not_found(uri); }
};

struct World {
  Steps steps;
  Loopback loopback;
  NoFiles files;
  Platform platform{steps, steps, steps, loopback, files};
};

/// The number of records that a task of job() has stored as in flight.
inline int64_t records_in_flight(const OperatorLists& lists) {
  const auto codec = detail::record_codec<int64_t>();
  int64_t records = 0;
  for (const auto& [name, list] : lists) {
    if (!in_flight_list(name)) continue;
    for (const std::string& element : list.elements) {
      BinaryReader outer(element);
      BinaryReader in(outer.get_bytes());
      get_in_flight_head(in);
      while (in.remaining() > 0) {
        StreamElement next;
        EXPECT_TRUE(get_in_flight_entry(in, *codec, &next).ok());
        if (next.batch) records += static_cast<int64_t>(next.batch->size());
      }
    }
  }
  return records;
}

/// One worker process of the test.
struct Worker final : ShardListener {
  Worker(World& world, const JobGraph& graph) : world(world), graph(graph), gate([] {}) {
    server = std::move(*DataServer::listen(world.platform, {"localhost", 0}));
  }
  Worker(World& world, const JobGraph& graph, int)
      : world(world), graph(graph), gate([] {}) {}  // without a server
  Address address() const { return {"localhost", server->port()}; }

  void deploy(std::vector<int> placement = {}, std::vector<Address> addresses = {}, int own = 0,
              AttemptId attempt = 1) {
    execution = std::make_unique<JobExecution>(
        graph, options, world.platform, gate, *this, -1, attempt,
        Placement{std::move(placement), std::move(addresses), own}, server.get());
    for (const auto& shard : execution->shards()) {
      for (const auto& task : shard->tasks()) ASSERT_TRUE(task->chain().open({}).ok());
    }
    connected = broken = "";
    execution->connect(
        [this](Status status) {
          connected += status.ok() ? "connected" : std::string(status.message());
          when_connected();
        },
        [this](Status status) { broken += status.message(); });
  }
  void trigger(CheckpointId id) {
    execution->post_to_all(Shard::TriggerCheckpoint{id, StopMode::kNone, options.overtake_after});
  }

  void on_snapshot(TaskSnapshot snapshot) override {
    ++snapshots[snapshot.id];
    const std::string& name = graph.vertices[static_cast<size_t>(snapshot.vertex)].name;
    overtook[snapshot.id] += snapshot.figures.overtook ? 1 : 0;
    in_flight[snapshot.id][name] += records_in_flight(snapshot.operators[0].lists);
  }
  void on_task_failure(std::string task, Status status) override {
    failures.push_back(cat(task, ": ", status.message()));
  }
  void on_task_ended() override { ++ended; }
  void on_task_finished() override {}
  void on_progress(int shard, const ShardProgress& latest) override { progress[shard] = latest; }

  World& world;
  const JobGraph& graph;
  BlockingGate gate;
  ExecutionOptions options{.channel_capacity = 3, .batch_size = 8, .shard = {}};
  std::unique_ptr<DataServer> server;
  std::unique_ptr<JobExecution> execution;
  std::string connected, broken;
  std::function<void()> when_connected = [] {};
  std::map<CheckpointId, int> snapshots;
  std::map<CheckpointId, int> overtook;  ///< number of tasks
  /// Records in flight to the tasks of a vertex, by checkpoint and name.
  std::map<CheckpointId, std::map<std::string, int64_t>> in_flight;
  std::map<int, ShardProgress> progress;  ///< by shard
  std::vector<std::string> failures;
  size_t ended = 0;
};

/// The job's results when it runs in one process.
inline std::multiset<std::string> expected_results(int64_t records = 500) {
  Log log;
  const JobGraph graph = job(log, records);
  World world;
  Worker worker(world, graph, 0);
  worker.deploy();
  EXPECT_EQ(worker.connected, "connected");
  worker.execution->start(false);
  for (int i = 0; i < 50000 && worker.ended < kTasks; ++i) world.steps.step_all();
  return log.results;
}

/// Two workers with the shards distributed as in `placement`.
struct Pair {
  explicit Pair(std::vector<int> placement = {0, 1, 0, 1}, int64_t records = 500)
      : graph(job(log, records)), placement(std::move(placement)) {
    for (int i = 0; i < 2; ++i) workers.push_back(std::make_unique<Worker>(world, graph));
  }
  ~Pair() {
    for (const auto& worker : workers) worker->execution.reset();
  }
  std::vector<Address> addresses() const { return {workers[0]->address(), workers[1]->address()}; }
  void deploy(int worker, AttemptId attempt = 1) {
    workers[worker]->deploy(placement, addresses(), worker, attempt);
  }
  void deliver_all() {
    while (world.loopback.deliver()) {}
  }
  void start() {
    for (const auto& worker : workers) worker->execution->start(false);
  }
  size_t ended() const { return workers[0]->ended + workers[1]->ended; }
  /// Runs the job, with a checkpoint every 20 rounds. Returns the number of rounds.
  int run(int most = 5000) {
    int round = 0;
    for (; round < most && ended() < kTasks; ++round) {
      if (round % 20 == 0) {
        ++checkpoints;
        for (const auto& worker : workers) worker->trigger(checkpoints);
      }
      world.steps.step_all();
      world.loopback.deliver();
    }
    return round;
  }

  Log log;
  JobGraph graph;
  World world;
  const std::vector<int> placement;
  std::vector<std::unique_ptr<Worker>> workers;
  CheckpointId checkpoints = 0;
};

}  // namespace weir::exchange_tests
