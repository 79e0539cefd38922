#include "runtime/chain_walk.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "fs/file_system_registry.h"

namespace weir {
namespace {

using Kind = StreamElement::Kind;
using Ints = BatchOf<int>;

class NoServices final : public TaskServices {
 public:
  void run_blocking(std::string_view, std::function<std::function<void()>()>) override {
    std::abort();
  }
  int64_t wall_ms() const override { return 0; }
  FileSystemRegistry& files() override { std::abort(); }
};

/// Records its calls. Every call but the last `more` returns kMore.
class Recorder final : public Operator {
 public:
  Recorder(std::string name, int more, std::string& log)
      : name_(std::move(name)), more_(more), log_(log) {}
  Status open(OperatorContext&) override { return {}; }
  void process(Batch& batch, Output& out) override {
    log_ += name_ + ":batch ";
    out.emit(batch);
  }
  Progress advance_watermark(Timestamp watermark, Output& out) override {
    return step(watermark == kMaxWatermark ? "wmax" : "w" + std::to_string(watermark), out);
  }
  Progress finish(Output& out) override { return step("end", out); }
  void prepare_barrier(Output& out) override { emit_one("barrier", out); }

 private:
  void emit_one(const std::string& what, Output& out) {
    log_ += name_ + ":" + what + " ";
    Ints batch;
    batch.add(1);
    out.emit(batch);
  }
  Progress step(const std::string& what, Output& out) {
    if (what == "w13") throw std::runtime_error(what);
    emit_one(what, out);
    if (calls_++ < more_) return Progress::kMore;
    calls_ = 0;
    return Progress::kDone;
  }

  const std::string name_;
  const int more_;
  std::string& log_;
  int calls_ = 0;
};

class ChainWalkTest : public testing::Test, public Output, public ChainWalk::Exit {
 protected:
  /// Makes operators a, b, … that need this number of further calls each. `parents`: as in
  /// JobOperator.
  void make(std::vector<int> more, std::vector<int> parents = {}) {
    for (size_t i = 0; i < more.size(); ++i) {
      const std::string name(1, static_cast<char>('a' + i));
      vertex_.chain.push_back(JobOperator{
          name, name, OperatorId{},
          [this, name, n = more[i]] { return std::make_unique<Recorder>(name, n, log_); }, nullptr,
          nullptr});
      if (!parents.empty()) vertex_.chain.back().parent = parents[i];
    }
    chain_ = std::make_unique<OperatorChain>(
        vertex_, SubtaskPlace{}, services_, [](Status) {},
        std::vector<ChainExit>{{more.size() - 1, 0, this}}, call_);
    walk_ = std::make_unique<ChainWalk>(*chain_, *this);
    ASSERT_TRUE(chain_->open({}).ok());
  }
  void emit(Batch& batch) override {
    log_ += "out ";
    batch.clear();
  }
  void on_passed(Kind kind, int64_t value) override {
    EXPECT_FALSE(walk_->under_way());
    switch (kind) {
      case Kind::kWatermark:
        log_ += value == kMaxWatermark ? "[wmax] " : "[w" + std::to_string(value) + "] ";
        break;
      case Kind::kBarrier: log_ += "[b" + std::to_string(value) + "] "; break;
      case Kind::kEndOfData: log_ += "[end] "; break;
      case Kind::kWatermarkStatus: log_ += value != 0 ? "[idle] " : "[active] "; break;
      case Kind::kBatch: log_ += "[batch] "; break;
    }
  }
  std::string log() { return std::exchange(log_, ""); }

  std::string log_;
  JobVertex vertex_;
  NoServices services_;
  FiberPool fibers_;
  SuspendableCall call_{fibers_};
  std::unique_ptr<OperatorChain> chain_;
  std::unique_ptr<ChainWalk> walk_;
};

TEST_F(ChainWalkTest, WatermarkVisitsEveryOperatorAndThenPasses) {
  make({0, 0});
  walk_->begin(Kind::kWatermark, 7);
  EXPECT_EQ(log(), "a:w7 b:batch out b:w7 out [w7] ");
  EXPECT_FALSE(walk_->under_way());
  EXPECT_EQ(walk_->time().watermark, 7);
}

TEST_F(ChainWalkTest, StopsAtAnOperatorWithMoreToDoAndContinuesThere) {
  make({1, 2});
  walk_->begin(Kind::kWatermark, 7);
  EXPECT_EQ(log(), "a:w7 b:batch out ");
  EXPECT_TRUE(walk_->under_way());
  EXPECT_EQ(walk_->time().watermark, kMinWatermark) << "it has not passed";
  walk_->resume();
  EXPECT_EQ(log(), "a:w7 b:batch out b:w7 out ");
  walk_->resume();
  EXPECT_EQ(log(), "b:w7 out ");
  walk_->resume();
  EXPECT_EQ(log(), "b:w7 out [w7] ");
  walk_->resume();
  EXPECT_EQ(log(), "");
}

TEST_F(ChainWalkTest, VisitsEveryOperatorOfATreeOnce) {
  make({0, 0, 1, 0}, {-1, 0, 0, 1});  // a -> (b -> d, c); d's results leave
  walk_->begin(Kind::kWatermark, 7);
  EXPECT_EQ(log(), "a:w7 b:batch d:batch out c:batch b:w7 d:batch out c:w7 ");
  EXPECT_TRUE(walk_->under_way());
  walk_->resume();
  EXPECT_EQ(log(), "c:w7 d:w7 out [w7] ");
  walk_->begin(Kind::kBarrier, 3);
  EXPECT_EQ(log(),
            "a:barrier b:batch d:batch out c:batch b:barrier d:batch out c:barrier d:barrier out "
            "[b3] ");
}

TEST_F(ChainWalkTest, BarrierPassesAfterEveryOperatorHasEmittedTheRecordsBeforeIt) {
  make({5, 5});
  walk_->begin(Kind::kBarrier, 3);
  EXPECT_EQ(log(), "a:barrier b:batch out b:barrier out [b3] ");
}

TEST_F(ChainWalkTest, BatchGoesThroughAtOnce) {
  make({5, 5});
  Ints batch;
  batch.add(1);
  walk_->process(0, batch);
  EXPECT_EQ(log(), "a:batch b:batch out ");
}

TEST_F(ChainWalkTest, EndOfASourceIsTheMaximumWatermarkAndThenTheEnd) {
  make({0, 1});
  walk_->begin_end_of_source();
  EXPECT_EQ(log(), "a:wmax b:batch out b:wmax out ");
  EXPECT_FALSE(walk_->ended());
  walk_->resume();
  EXPECT_EQ(log(), "b:wmax out [wmax] a:end b:batch out b:end out ");
  EXPECT_EQ(walk_->time().watermark, kMaxWatermark);
  EXPECT_FALSE(walk_->ended());
  walk_->resume();
  EXPECT_EQ(log(), "b:end out [end] ");
  EXPECT_TRUE(walk_->ended());
  EXPECT_FALSE(walk_->under_way());
}

TEST_F(ChainWalkTest, StatusPassesTheOperatorsAtOnce) {
  make({1});
  walk_->begin(Kind::kWatermarkStatus, 1);
  EXPECT_EQ(log(), "[idle] ");
  EXPECT_TRUE(walk_->time().idle);
  walk_->begin(Kind::kWatermarkStatus, 0);
  EXPECT_EQ(log(), "[active] ");
  EXPECT_FALSE(walk_->time().idle);
}

TEST_F(ChainWalkTest, SourceBecomesIdleAfterItsWatermarkAndActiveBeforeIt) {
  make({1});
  walk_->begin_time({7, true});
  EXPECT_EQ(log(), "a:w7 out ");
  walk_->resume();
  EXPECT_EQ(log(), "a:w7 out [w7] [idle] ");
  walk_->begin_time({7, true});
  EXPECT_EQ(log(), "");
  walk_->begin_time({9, false});
  walk_->resume();
  EXPECT_EQ(log(), "[active] a:w9 out a:w9 out [w9] ");
  walk_->begin_time({9, true});
  walk_->begin_time({8, false});
  EXPECT_EQ(log(), "[idle] [active] ") << "a watermark does not go back";
  EXPECT_EQ(walk_->time().watermark, 9);
}

TEST_F(ChainWalkTest, IdleSourceBecomesActiveToEnd) {
  make({0});
  walk_->begin_time({7, true});
  log();
  walk_->begin_end_of_source();
  EXPECT_EQ(log(), "[active] a:wmax out [wmax] a:end out [end] ");
  EXPECT_FALSE(walk_->time().idle);
}

TEST_F(ChainWalkTest, BarriersPassAfterTheEnd) {
  make({0});
  walk_->begin(Kind::kEndOfData, 0);
  walk_->begin(Kind::kBarrier, 9);
  EXPECT_EQ(log(), "a:end out [end] a:barrier out [b9] ");
}

TEST_F(ChainWalkTest, ExceptionOfUserCodePassesThroughAndNothingReachesTheExit) {
  make({0, 0});
  EXPECT_THROW(walk_->begin(Kind::kWatermark, 13), std::runtime_error);
  EXPECT_EQ(log(), "");
  EXPECT_EQ(walk_->time().watermark, kMinWatermark);
  EXPECT_EQ(chain_->current().operator_name(), "a");
}

}  // namespace
}  // namespace weir
