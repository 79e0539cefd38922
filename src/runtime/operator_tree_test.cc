// Chains that are trees: several receivers of one output, and side outputs.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "fs/file_system_registry.h"
#include "runtime/task.h"

namespace weir {
namespace {

using Ints = BatchOf<int>;
using Strings = BatchOf<std::string>;

class TestServices final : public TaskServices {
 public:
  void run_blocking(std::string_view, std::function<std::function<void()>()> work) override {
    work_.push_back(std::move(work));
  }
  int64_t wall_ms() const override { return 0; }
  FileSystemRegistry& files() override { std::abort(); }
  void do_blocking_work(Task& task) {
    for (const auto& work : std::exchange(work_, {})) {
      if (auto continuation = work()) task.run_continuation(continuation);
    }
  }

 private:
  std::vector<std::function<std::function<void()>()>> work_;
};

/// Emits every record, `times` in batches of their own, and those that are odd to the side output
/// "odd" as well.
class Splitter final : public Operator {
 public:
  explicit Splitter(int times) : times_(times) {}
  Status open(OperatorContext& context) override {
    auto odd = context.side_output("odd", typeid(int));
    if (!odd.ok()) return odd.status();
    odd_ = *odd;
    return {};
  }
  void process(Batch& batch, Output& out) override {
    Ints odd;
    for (const int record : static_cast<Ints&>(batch).records) {
      if (record % 2 != 0) odd.add(record);
    }
    for (int i = 1; i < times_; ++i) out.emit(*batch.copy());
    out.emit(batch);
    if (odd_ != nullptr) odd_->emit(odd);
  }

 private:
  const int times_;
  Output* odd_ = nullptr;
};

/// Adds one to each record, writes them down, and passes them on.
class AddOne final : public Operator {
 public:
  AddOne(std::string name, std::string& log) : name_(std::move(name)), log_(log) {}
  Status open(OperatorContext&) override { return {}; }
  void process(Batch& batch, Output& out) override {
    log_ += name_;
    for (int& record : static_cast<Ints&>(batch).records) log_ += " " + std::to_string(++record);
    log_ += "; ";
    out.emit(batch);
  }

 private:
  const std::string name_;
  std::string& log_;
};

/// Takes one batch, and then none until its blocking work is done.
class Refusing final : public Operator {
 public:
  Refusing(std::string name, std::string& log) : name_(std::move(name)), log_(log) {}
  Status open(OperatorContext& context) override {
    context_ = &context;
    return {};
  }
  bool can_accept() override { return !busy_; }
  void process(Batch&, Output&) override {
    log_ += name_ + "; ";
    busy_ = true;
    context_->run_blocking([this] { return [this] { busy_ = false; }; });
  }

 private:
  const std::string name_;
  std::string& log_;
  OperatorContext* context_ = nullptr;
  bool busy_ = false;
};

/// One task with a tree of operators, one input channel, and a channel for each edge.
struct Fixture {
  size_t add(OperatorFactory factory, int parent = -1, int output = 0) {
    const std::string name = "op" + std::to_string(vertex.chain.size());
    JobOperator op{name, name, OperatorId{}, std::move(factory), nullptr, nullptr};
    op.parent = parent;
    op.output = output;
    vertex.chain.push_back(std::move(op));
    return vertex.chain.size() - 1;
  }
  size_t add_splitter(int times = 1) {
    const size_t at = add([times] { return std::make_unique<Splitter>(times); });
    vertex.chain[at].side_outputs.push_back({"odd", typeid(int)});
    return at;
  }
  size_t add_one(const std::string& name, int parent, int output = 0) {
    return add([this, name] { return std::make_unique<AddOne>(name, log); }, parent, output);
  }
  void edge(size_t op, int output = 0, size_t capacity = 16) {
    outs.push_back(std::make_shared<Channel>(capacity));
    edges.push_back({std::make_unique<OutputPartition>(
                         OutputPartition::Options{.batch_size = 1},
                         std::vector<std::shared_ptr<ChannelWriter>>{outs.back()}),
                     op, output});
  }
  Status open() {
    task = std::make_unique<Task>(
        vertex, 0, SubtaskPlace{}, services, fibers,
        std::make_unique<InputGate>(std::vector<std::shared_ptr<ChannelReader>>{in},
                                    CheckpointingMode::kExactlyOnce),
        std::move(edges));
    task->set_listener({.on_snapshot = [](TaskSnapshot) {},
                        .on_failure = [this](Status s) { log += s.message(); },
                        .on_ended = [] {},
                        .on_finished = [] {}});
    return task->chain().open({});
  }
  void give(std::vector<int> records) {
    auto batch = std::make_unique<Ints>();
    for (const int record : records) batch->add(record);
    StreamElement element{StreamElement::Kind::kBatch, 0, std::move(batch)};
    EXPECT_TRUE(in->try_push(element));
  }
  void run() {
    for (int i = 0; i < 1000 && task->step(MonotonicTime(0)) == Actor::kBusy; ++i) {}
    task->flush_outputs();
  }
  std::string output(size_t edge) {
    std::string text;
    StreamElement element;
    while (outs[edge]->try_pop(&element)) {
      if (element.kind != StreamElement::Kind::kBatch) text += "mark ";
      else
        for (const int record : static_cast<Ints&>(*element.batch).records)
          text += std::to_string(record) + " ";
    }
    return text;
  }

  std::string log;
  JobVertex vertex;
  TestServices services;
  FiberPool fibers{256 * 1024};
  std::shared_ptr<Channel> in = std::make_shared<Channel>(16);
  std::vector<std::shared_ptr<Channel>> outs;
  std::vector<Task::OutgoingEdge> edges;
  std::unique_ptr<Task> task;
};

TEST(OperatorTree, EveryReceiverGetsRecordsOfItsOwn) {
  Fixture f;
  f.add_splitter();
  f.add_one("a", 0);
  f.add_one("b", 1);
  f.add_one("c", 0);
  f.edge(0);
  f.edge(2);
  f.edge(3);
  ASSERT_TRUE(f.open().ok());
  f.give({1, 2});
  f.run();
  EXPECT_EQ(f.log, "a 2 3; b 3 4; c 2 3; ");
  EXPECT_EQ(f.output(0), "1 2 ");
  EXPECT_EQ(f.output(1), "3 4 ");
  EXPECT_EQ(f.output(2), "2 3 ");
}

TEST(OperatorTree, SideOutputLeadsToItsReadersOnly) {
  Fixture f;
  f.add_splitter();
  f.add_one("side", 0, 1);
  f.add_one("main", 0);
  f.edge(0, 1);
  f.edge(2);
  ASSERT_TRUE(f.open().ok());
  f.give({1, 2, 3, 4});
  f.give({6});
  f.run();
  EXPECT_EQ(f.log, "main 2 3 4 5; side 2 4; main 7; ");
  EXPECT_EQ(f.output(0), "1 3 ");
  EXPECT_EQ(f.output(1), "2 3 4 5 7 ");
}

TEST(OperatorTree, WhatNobodyReadsIsDropped) {
  Fixture f;
  f.add([] { return std::make_unique<Splitter>(1); });  // nobody reads "odd"
  f.add_one("main", 0);
  ASSERT_TRUE(f.open().ok());
  f.give({1, 2});
  f.run();
  EXPECT_EQ(f.log, "main 2 3; ");
}

TEST(OperatorTree, SideOutputThatIsReadAsAnotherTypeIsRefused) {
  Fixture f;
  f.add_splitter();
  f.vertex.chain[0].side_outputs[0].type = typeid(std::string);
  EXPECT_EQ(f.open().message(),
            "operator 'op0' (uid 'op0', subtask 0): side output 'odd' is given records of another "
            "type than those that get_side_output() "
            "reads; use the same OutputTag for both");
}

TEST(OperatorTree, WatermarksAndBarriersLeaveAlongEveryEdgeOnce) {
  Fixture f;
  f.add_splitter();
  f.add_one("a", 0);
  f.edge(0, 1);
  f.edge(0);
  f.edge(1);
  ASSERT_TRUE(f.open().ok());
  StreamElement watermark{StreamElement::Kind::kWatermark, 5, nullptr};
  StreamElement barrier{StreamElement::Kind::kBarrier, 1, nullptr};
  f.give({1});
  f.in->try_push(watermark);
  f.in->try_push(barrier);
  f.run();
  for (size_t edge = 0; edge < 2; ++edge) EXPECT_EQ(f.output(edge), "1 mark mark ");
  EXPECT_EQ(f.output(2), "2 mark mark ");
}

TEST(OperatorTree, CallThatIsSuspendedInOneBranchLetsTheOtherFinishItsWork) {
  Fixture f;
  f.add_splitter(3);
  f.add([&f] { return std::make_unique<Refusing>("first", f.log); }, 0);
  f.add([&f] { return std::make_unique<Refusing>("second", f.log); }, 0);
  ASSERT_TRUE(f.open().ok());
  f.give({2});
  f.run();
  EXPECT_EQ(f.log, "first; second; ") << "the next batch waits for both";
  f.services.do_blocking_work(*f.task);
  f.run();
  EXPECT_EQ(f.log, "first; second; first; second; ");
  f.services.do_blocking_work(*f.task);
  f.run();
  EXPECT_EQ(f.log, "first; second; first; second; first; second; ");
}

TEST(OperatorTree, FullEdgeHoldsTheCallAndLosesNothing) {
  Fixture f;
  f.add_splitter(10);
  f.edge(0, 0, 2);
  f.edge(0, 0, 64);
  f.edge(0, 1, 64);
  ASSERT_TRUE(f.open().ok());
  f.give({7});
  f.run();
  EXPECT_EQ(f.output(2), "") << "the call has not come so far";
  std::string slow = f.output(0), fast = f.output(1);
  EXPECT_EQ(slow, "7 7 ");
  for (int i = 0; i < 20; ++i) {
    f.run();
    slow += f.output(0);
    fast += f.output(1);
  }
  EXPECT_EQ(slow, "7 7 7 7 7 7 7 7 7 7 ");
  EXPECT_EQ(fast, slow);
  EXPECT_EQ(f.output(2), "7 ");
}

}  // namespace
}  // namespace weir
