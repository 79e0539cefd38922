#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/job_master/job_master.h"
#include "cluster/testing/fake_world.h"

namespace weir::cluster_tests {

/// A worker as the job master sees it: the test sends its messages, and reads those that it
/// receives.
class FakeWorker {
 public:
  FakeWorker(JobMaster& master, std::string id, int slots) : id_(std::move(id)), slots_(slots) {
    endpoint_ = master.accept(std::make_unique<LineEnd>(line_));
  }
  void send(const FromWorker& message) { endpoint_.on_frame(encode(message)); }
  void say_hello(const JobGraph& graph) {
    RegisterWorker hello;
    hello.fingerprint = graph.fingerprint.to_hex();
    hello.job_name = graph.name;
    hello.worker = id_;
    hello.host = "host";
    hello.data_address = "host:1";
    hello.slots = slots_;
    send(hello);
  }
  void die() { endpoint_.on_break(unavailable("the peer is gone")); }
  bool connected() const { return line_->open; }

  /// The newest message of type T received since the last call. Discards all received messages.
  template <class T>
  std::optional<T> take() {
    std::optional<T> newest;
    while (!line_->frames.empty()) {
      auto message = decode_from_master(line_->frames.front());
      line_->frames.pop_front();
      EXPECT_TRUE(message.ok());
      if (auto* wanted = std::get_if<T>(&*message)) newest = std::move(*wanted);
    }
    return newest;
  }

 private:
  const std::string id_;
  const int slots_;
  const std::shared_ptr<Line> line_ = std::make_shared<Line>();
  Endpoint endpoint_;
};

/// A job master on a fake platform, for a job with two subtasks. An attempt takes two slots.
class JobMasterTest : public testing::Test {
 protected:
  JobMasterTest() {
    options_.workers_apart = true;
    options_.heartbeat_interval = std::chrono::seconds(1);
    options_.heartbeat_timeout = std::chrono::seconds(5);
    options_.first_slot_wait = std::chrono::seconds(10);
    options_.restart_slot_wait = std::chrono::seconds(2);
    options_.restart.initial_backoff = std::chrono::milliseconds(100);
  }

  void with_checkpoints() {
    options_.job_directory = "mem:///c/job";
    options_.checkpoints_enabled = true;
    options_.trigger.interval = std::chrono::seconds(10);
    options_.checkpoint_timeout = std::chrono::seconds(60);
  }
  void make(int64_t epoch = 1, std::shared_ptr<LeaderStore> store = nullptr) {
    master_ = std::make_unique<JobMaster>(graph_, options_, world_.platform, epoch,
                                          std::move(store), [this] { ended_ = true; });
    settle();
  }
  /// Steps until nothing more happens at this time. Storage answers.
  void settle() {
    for (int i = 0; i < 5; ++i) {
      master_->step();
      world_.run_work();
    }
    master_->step();
  }
  void step() { master_->step(); }
  /// Advances the time in small steps, as in a process that runs. The workers in `alive` keep
  /// answering.
  void pass(MonotonicTime time, std::vector<FakeWorker*> alive = {}) {
    for (MonotonicTime gone(0); gone < time; gone += kTick) {
      world_.pass(kTick);
      for (FakeWorker* worker : alive) worker->send(HeartbeatReply{});
      settle();
    }
  }
  /// Advances the time until a checkpoint is triggered.
  CheckpointId wait_for_trigger(std::vector<FakeWorker*> alive) {
    for (int i = 0; i < 30; ++i) {
      pass(std::chrono::milliseconds(500), alive);
      if (const auto trigger = alive[0]->take<TriggerCheckpoint>()) return trigger->id;
    }
    ADD_FAILURE() << "no checkpoint is triggered";
    return -1;
  }
  /// `worker` must be the attempt's only process.
  void acknowledge(FakeWorker& worker, AttemptId attempt, CheckpointId id, int subtasks) {
    AcknowledgeCheckpoint ack;
    ack.attempt = attempt;
    ack.id = id;
    for (int i = 0; i < subtasks; ++i) ack.states.push_back({murmur3_128("source"), i, {}});
    worker.send(ack);
    settle();
  }
  FakeWorker worker(std::string id, int slots = 1) {
    FakeWorker made(*master_, std::move(id), slots);
    made.say_hello(graph_);
    settle();
    return made;
  }
  /// Answers a deployment on all workers. Returns the attempt.
  AttemptId run(std::vector<FakeWorker*> workers) {
    AttemptId attempt = 0;
    for (FakeWorker* worker : workers) {
      const auto deploy = worker->take<Deploy>();
      EXPECT_TRUE(deploy.has_value());
      if (!deploy) return 0;
      attempt = deploy->attempt;
      worker->send(Deployed{attempt});
    }
    settle();
    for (FakeWorker* worker : workers) EXPECT_TRUE(worker->take<Start>().has_value());
    return attempt;
  }
  /// Storage stops answering once `_metadata` is published, so the publication's outcome is
  /// unknown.
  void silence_at_rename() {
    const auto silent = std::make_shared<bool>(false);
    world_.fs->before = [silent](std::string_view, const std::string&) {
      return *silent ? unavailable("no answer") : Status();
    };
    world_.fs->after = [silent](std::string_view op, const std::string&) {
      *silent = *silent || op == "rename";
      return *silent ? unavailable("no answer") : Status();
    };
  }
  void end_silence() {
    world_.fs->before =
        world_.fs->after = [](std::string_view, const std::string&) { return Status(); };
  }
  /// The workers answer the end of an attempt.
  void leave(std::vector<FakeWorker*> workers, AttemptId attempt) {
    for (FakeWorker* worker : workers) {
      EXPECT_TRUE(worker->take<Cancel>().has_value());
      worker->send(Canceled{attempt});
    }
    settle();
  }
  /// Runs the job on this worker with two slots. Storage stops answering while a checkpoint is
  /// published; then the attempt fails and the worker leaves it.
  CheckpointId fail_while_published(FakeWorker& worker) {
    const AttemptId attempt = run({&worker});
    const CheckpointId id = wait_for_trigger({&worker});
    silence_at_rename();
    acknowledge(worker, attempt, id, 2);
    worker.send(TaskFailed{attempt, "source (1/2)", unavailable("broken")});
    settle();
    leave({&worker}, attempt);
    pass(std::chrono::seconds(2), {&worker});
    return id;
  }
  CheckpointId last_completed() const {
    const auto checkpoints = master_->view().checkpoints;
    return checkpoints->latest_completed ? checkpoints->latest_completed->id : -1;
  }
  JobState state() const { return master_->view().state; }

  static constexpr MonotonicTime kTick = std::chrono::milliseconds(50);
  bool source_ended_ = false;
  JobGraph graph_ = quiet_graph(2, &source_ended_);
  FakeWorld world_;
  JobOptions options_;
  bool ended_ = false;
  std::unique_ptr<JobMaster> master_;
};

}  // namespace weir::cluster_tests
