#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/testing/faulty_file_system.h"
#include "checkpoint/testing/one_file_system.h"
#include "cluster/messages.h"
#include "graph/job_graph.h"
#include "platform/platform.h"
#include "weir/connector/split_enumerator.h"
#include "weir/operator/operator.h"

namespace weir::cluster_tests {

/// A platform on which the test controls time and blocking work. The test steps the actors.
class FakeWorld final : public Clock, public Random, public Scheduler {
 public:
  MonotonicTime now() const override { return now_; }
  int64_t wall_ms() const override { return 0; }
  uint64_t next() override { return ++random_; }
  std::unique_ptr<ActorHandle> start(std::string, Actor& actor, ActorOptions) override {
    auto entry = std::make_shared<Started>(Started{&actor});
    started_.push_back(entry);
    return std::make_unique<Handle>(entry);
  }
  void run_blocking(std::string_view executor, std::function<void()> work) override {
    (executor == hangs ? hanging_ : work_).push_back(std::move(work));
  }

  void pass(MonotonicTime time) { now_ += time; }
  /// Storage answers. Until the test calls this, storage does not answer.
  void run_work() {
    while (!work_.empty()) {
      auto work = std::move(work_.front());
      work_.pop_front();
      work();
    }
  }
  /// The executor that hung works again, and runs the queued work.
  void answer() {
    hangs.clear();
    std::move(hanging_.begin(), hanging_.end(), std::back_inserter(work_));
    hanging_.clear();
  }
  bool has_work() const { return !work_.empty(); }
  /// Steps the actors that were started by other actors: shards.
  void step_started() {
    for (size_t i = 0; i < started_.size(); ++i) {
      if (!started_[i]->stopped) started_[i]->actor->step();
    }
  }

  std::string hangs;  ///< the executor that does not start its work
  std::shared_ptr<FaultyFileSystem> fs = std::make_shared<FaultyFileSystem>();
  OneFileSystem files{fs};

 private:
  struct Started {
    Actor* actor;
    bool stopped = false;
  };
  class Handle final : public ActorHandle {
   public:
    explicit Handle(std::shared_ptr<Started> entry) : entry_(std::move(entry)) {}
    ~Handle() override { stop(); }
    void wake() override {}
    void stop() override { entry_->stopped = true; }

   private:
    std::shared_ptr<Started> entry_;
  };
  class NoTransport final : public Transport {
   public:
    std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> connect(Endpoint,
                                                                                Endpoint) override {
      std::abort();
    }
    StatusOr<std::unique_ptr<Listener>> listen(const Address&, Acceptor) override {
      return unavailable("there is no network");
    }
    std::unique_ptr<Connection> dial(const Address&, Endpoint) override { std::abort(); }
  };

  MonotonicTime now_ = std::chrono::hours(1);
  uint64_t random_ = 0;
  std::deque<std::function<void()>> work_;
  std::deque<std::function<void()>> hanging_;  ///< work of the executor that hangs
  std::vector<std::shared_ptr<Started>> started_;
  NoTransport transport_;

 public:
  Platform platform{*this, *this, *this, transport_, files};
};

/// The test's end of a connection: keeps the frames that the actor under test sends.
struct Line {
  std::deque<std::string> frames;
  bool open = true;  ///< the actor still holds its Connection
};
class LineEnd final : public Connection {
 public:
  explicit LineEnd(std::shared_ptr<Line> line) : line_(std::move(line)) {}
  ~LineEnd() override { line_->open = false; }
  void send(std::string frame) override { line_->frames.push_back(std::move(frame)); }

 private:
  const std::shared_ptr<Line> line_;
};

/// Emits nothing, and ends when `*ended` is true.
class QuietSource final : public SourceOperator {
 public:
  explicit QuietSource(const bool* ended) : ended_(ended) {}
  Status open(OperatorContext&) override { return {}; }
  PollResult poll(Output&, EventTime*) override {
    return {*ended_ ? PollResult::Status::kEnd : PollResult::Status::kNothingNow};
  }
  void add_splits(std::vector<std::string>) override {}
  int64_t records_emitted() const override { return 0; }

 private:
  const bool* const ended_;
};

class NoSplits final : public SplitEnumerator<std::string> {
 public:
  StatusOr<Discovery<std::string>> discover(FileSystemRegistry&) override {
    return Discovery<std::string>{};
  }
  bool continuous() const override { return false; }
};

/// One source without state.
inline JobGraph quiet_graph(int parallelism, const bool* ended) {
  JobGraph graph;
  graph.name = "quiet";
  graph.fingerprint = murmur3_128("quiet");
  JobVertex vertex;
  vertex.name = "source";
  vertex.parallelism = parallelism;
  vertex.is_source = true;
  vertex.chain.push_back(JobOperator{"source", "source", murmur3_128("source"),
                                     [ended] { return std::make_unique<QuietSource>(ended); },
                                     [](int) { return std::make_unique<NoSplits>(); }, nullptr});
  graph.vertices.push_back(std::move(vertex));
  return graph;
}

}  // namespace weir::cluster_tests
