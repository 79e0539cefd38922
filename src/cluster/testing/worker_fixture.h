#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "cluster/testing/fake_world.h"
#include "cluster/worker.h"

namespace weir::cluster_tests {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// A worker on a fake platform; the test plays the coordinator.
class WorkerTest : public testing::Test {
 protected:
  WorkerTest() {
    options_.slots = 1;
    options_.heartbeat_timeout = seconds(5);
    options_.registration_timeout = minutes(1);
  }
  void make() {
    worker_ = std::make_unique<Worker>(
        graph_, options_, world_.platform,
        [this](Endpoint endpoint) -> StatusOr<std::unique_ptr<Connection>> {
          ++dials_;
          if (!reachable_) return unavailable("no coordinator leads");
          to_worker_ = std::move(endpoint);
          line_ = std::make_shared<Line>();
          return std::unique_ptr<Connection>(std::make_unique<LineEnd>(line_));
        },
        nullptr, [this] { ended_ = true; });
    settle();
  }
  void settle() {
    for (int i = 0; i < 5; ++i) {
      worker_->step();
      world_.run_work();
      world_.step_started();
    }
    worker_->step();
  }
  void pass(MonotonicTime time) {
    for (MonotonicTime gone(0); gone < time; gone += kTick) {
      world_.pass(kTick);
      settle();
    }
  }
  void send(const FromMaster& message) {
    to_worker_.on_frame(encode(message));
    settle();
  }
  void register_with(int64_t epoch) { send(Registered{epoch}); }
  /// The newest message of type T on the open connection.
  template <class T>
  std::optional<T> take() {
    std::optional<T> newest;
    while (!line_->frames.empty()) {
      auto message = decode_from_worker(line_->frames.front());
      line_->frames.pop_front();
      EXPECT_TRUE(message.ok());
      if (auto* wanted = std::get_if<T>(&*message)) newest = std::move(*wanted);
    }
    return newest;
  }
  static Deploy deployment(AttemptId attempt) {
    Deploy deploy;
    deploy.attempt = attempt;
    deploy.own_shards = {0};
    AttemptPlan plan;
    plan.shards = 1;
    plan.worker_of_shard = {0};
    plan.data_addresses = {""};
    deploy.common = Shared<AttemptPlan>(plan);
    return deploy;
  }

  static constexpr MonotonicTime kTick = milliseconds(50);
  bool source_ended_ = false;
  JobGraph graph_ = quiet_graph(1, &source_ended_);
  FakeWorld world_;
  WorkerOptions options_;
  bool reachable_ = true;
  int dials_ = 0;
  Endpoint to_worker_;
  std::shared_ptr<Line> line_;
  bool ended_ = false;
  std::unique_ptr<Worker> worker_;
};

}  // namespace weir::cluster_tests
