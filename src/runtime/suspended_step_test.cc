// Tests of steps whose user code emits more than there is room for.

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "fs/file_system_registry.h"
#include "runtime/task.h"

namespace weir {
namespace {

using Ints = BatchOf<int>;

/// Runs blocking work when the test calls it.
class TestServices final : public TaskServices {
 public:
  void run_blocking(std::string_view, std::function<std::function<void()>()> work) override {
    work_.push_back(std::move(work));
  }
  int64_t wall_ms() const override { return now_ms; }
  FileSystemRegistry& files() override { std::abort(); }
  void do_blocking_work(Task& task) {
    for (const auto& work : std::exchange(work_, {})) {
      if (auto continuation = work()) task.run_continuation(continuation);
    }
  }

  int64_t now_ms = 0;

 private:
  std::vector<std::function<std::function<void()>()>> work_;
};

/// Calls `body` with each record and a function that emits.
class BodyOperator final : public Operator {
 public:
  using Emit = std::function<void(int)>;
  using Body = std::function<void(int, const Emit&)>;
  BodyOperator(Body body, std::string& log) : body_(std::move(body)), log_(log) {}
  Status open(OperatorContext& context) override {
    context_ = &context;
    return {};
  }
  void process(Batch& batch, Output& out) override {
    context_->run_blocking([this] { return [this] { log_ += "continued "; }; });
    for (const int record : static_cast<Ints&>(batch).records) {
      body_(record, [&out](int result) {
        Ints results;
        results.add(result);
        out.emit(results);
      });
    }
  }
  Progress advance_processing_time(int64_t, Output&) override {
    log_ += "timer ";
    due_ = INT64_MAX;
    return Progress::kDone;
  }
  int64_t next_processing_time() override { return due_; }
  void checkpoint_completed(int64_t id) override { log_ += "completed" + std::to_string(id) + " "; }
  void checkpoint_aborted(int64_t id) override { log_ += "aborted" + std::to_string(id) + " "; }

 private:
  const Body body_;
  std::string& log_;
  OperatorContext* context_ = nullptr;
  int64_t due_ = 10;
};

/// A sink that takes `most` batches, and then none until its blocking work is done.
class RefusingSink final : public Operator {
 public:
  RefusingSink(size_t most, std::vector<size_t>& taken_at_once, int& taken)
      : most_(most), taken_at_once_(taken_at_once), taken_(taken) {}
  Status open(OperatorContext& context) override {
    context_ = &context;
    return {};
  }
  bool can_accept() override { return held_ < most_; }
  void process(Batch& batch, Output&) override {
    EXPECT_TRUE(can_accept());
    taken_ += static_cast<int>(batch.size());
    if (++held_ == most_) {
      context_->run_blocking(
          [this] { return [this] { taken_at_once_.push_back(std::exchange(held_, 0)); }; });
    }
  }

 private:
  const size_t most_;
  std::vector<size_t>& taken_at_once_;
  int& taken_;
  size_t held_ = 0;
  OperatorContext* context_ = nullptr;
};

std::string drain(Channel& channel, int most = 1 << 30) {
  std::string text;
  StreamElement element;
  for (int i = 0; i < most && channel.try_pop(&element); ++i) {
    if (element.kind == StreamElement::Kind::kBatch) {
      for (const int record : static_cast<Ints&>(*element.batch).records)
        text += std::to_string(record) + " ";
    } else if (element.kind == StreamElement::Kind::kBarrier) {
      text += "b" + std::to_string(element.value) + " ";
    } else {
      text += "mark ";
    }
  }
  return text;
}

std::string numbers(int from, int to) {
  std::string text;
  for (int i = from; i <= to; ++i) text += std::to_string(i) + " ";
  return text;
}

struct Fixture {
  Fixture(std::vector<OperatorFactory> operators, size_t capacity, bool sink = false,
          Fixture* before = nullptr)
      : fibers(before ? before->fibers : own_fibers),
        in(before ? before->out : std::make_shared<Channel>(16)),
        out(std::make_shared<Channel>(capacity)) {
    for (size_t i = 0; i < operators.size(); ++i) {
      vertex.chain.push_back(JobOperator{"op" + std::to_string(i), "uid" + std::to_string(i),
                                         OperatorId{}, operators[i], nullptr, nullptr});
    }
    std::vector<Task::OutgoingEdge> outputs;
    if (!sink) {
      outputs.push_back(
          {std::make_unique<OutputPartition>(OutputPartition::Options{.batch_size = 1},
                                             std::vector<std::shared_ptr<ChannelWriter>>{out}),
           operators.size() - 1});
    }
    task = std::make_unique<Task>(
        vertex, 0, SubtaskPlace{}, services, fibers,
        std::make_unique<InputGate>(std::vector<std::shared_ptr<ChannelReader>>{in},
                                    CheckpointingMode::kExactlyOnce),
        std::move(outputs));
    task->set_listener(
        {.on_snapshot = [this](TaskSnapshot s) { log += "snapshot" + std::to_string(s.id) + " "; },
         .on_failure = [this](Status s) { log += "failed: " + std::string(s.message()) + " "; },
         .on_ended = [this] { log += "ended "; },
         .on_finished = [this] { log += "finished "; }});
    EXPECT_TRUE(task->chain().open({}).ok());
  }
  /// Emits numbers after `emitted`, one by one, up to `count`.
  static BodyOperator::Body burst(int count, int& emitted) {
    return [count, &emitted](int, const BodyOperator::Emit& emit) {
      while (emitted < count) emit(++emitted);
    };
  }
  void run() {
    while (task->step(MonotonicTime(0)) == Actor::kBusy) {}
  }
  void give(int record) {
    auto batch = std::make_unique<Ints>();
    batch->add(record);
    give(StreamElement{StreamElement::Kind::kBatch, 0, std::move(batch)});
  }
  void give(StreamElement element) { EXPECT_TRUE(in->try_push(element)); }
  void give_barrier(int64_t id) { give(StreamElement{StreamElement::Kind::kBarrier, id, nullptr}); }

  std::string log;
  JobVertex vertex;
  TestServices services;
  FiberPool own_fibers{256 * 1024};
  FiberPool& fibers;
  std::shared_ptr<Channel> in;
  std::shared_ptr<Channel> out;
  std::unique_ptr<Task> task;
};

OperatorFactory operator_of(BodyOperator::Body body, std::string& log) {
  return [body, &log] { return std::make_unique<BodyOperator>(body, log); };
}

TEST(SuspendedStep, CallThatEmitsMuchFillsOnlyTheChannelAndOneBatch) {
  int emitted = 0;
  std::string log;
  Fixture f({operator_of(Fixture::burst(1000, emitted), log)}, 4);
  f.give(1);
  std::string all;
  for (int rounds = 0; emitted < 1000 || rounds < 10; ++rounds) {
    const int before = emitted;
    f.run();
    EXPECT_LE(emitted - before, 4 + 2);
    all += drain(*f.out);
  }
  EXPECT_EQ(all, numbers(1, 1000));
}

TEST(SuspendedStep, StepThatEmitsOnceEndsEvenIfTheChannelIsFull) {
  int calls = 0;
  std::string log;
  Fixture f({operator_of([&](int record, const BodyOperator::Emit& emit) { emit(record), ++calls; },
                         log)},
            2);
  for (int i = 1; i <= 4; ++i) f.give(i);
  f.run();
  EXPECT_EQ(calls, 3);
  f.task->checkpoint_completed(1);
  EXPECT_EQ(log, "completed1 ");  // no step is suspended
  EXPECT_EQ(drain(*f.out), "1 2 ");
}

TEST(SuspendedStep, BarrierTimersAndNotificationsWaitForItsEnd) {
  int emitted = 0;
  std::string log;
  Fixture f({operator_of(Fixture::burst(10, emitted), log)}, 4);
  f.give(1);
  f.give_barrier(7);
  f.run();
  f.services.now_ms = 20;
  f.task->checkpoint_completed(5);
  f.task->checkpoint_aborted(6);
  f.services.do_blocking_work(*f.task);
  f.run();
  EXPECT_EQ(log, "");
  EXPECT_EQ(f.log, "");
  std::string all = drain(*f.out);
  while (emitted < 10) {
    f.run();
    all += drain(*f.out);
  }
  f.run();
  EXPECT_EQ(all + drain(*f.out), numbers(1, 10) + "b7 ");
  EXPECT_EQ(log, "continued completed5 aborted6 timer ");
  EXPECT_EQ(f.log, "snapshot7 ");
}

TEST(SuspendedStep, IsUnwoundSilentlyWhenTheTaskIsClosed) {
  struct Logs {
    std::string& log;
    ~Logs() { log += "destroyed "; }
  };
  std::string log;
  Fixture f({operator_of(
                [&log](int, const BodyOperator::Emit& emit) {
                  const Logs logs{log};
                  try {
                    for (int i = 0; i < 100; ++i) emit(i);
                  } catch (...) {
                    log += "caught ";
                    throw std::runtime_error("of its own");
                  }
                },
                log)},
            4);
  f.give(1);
  f.give_barrier(1);
  f.run();
  f.task->close();
  EXPECT_EQ(log, "caught destroyed ");
  EXPECT_EQ(f.log, "");
  EXPECT_EQ(drain(*f.out), numbers(0, 3));
}

TEST(SuspendedStep, EmitsNothingIfUserCodeSwallowsTheUnwinding) {
  std::string log;
  {
    Fixture f({operator_of(
                  [&log](int, const BodyOperator::Emit& emit) {
                    for (int i = 0; i < 10; ++i) {
                      try {
                        emit(i);
                      } catch (...) { log += "caught "; }
                    }
                  },
                  log)},
              8);
    f.give(1);
    f.give({StreamElement::Kind::kEndOfData, 0, nullptr});
    f.run();
    f.task.reset();  // without close()
    EXPECT_EQ(drain(*f.out), numbers(0, 7));
    EXPECT_EQ(f.log, "");
  }
  EXPECT_EQ(log, "caught ");
}

TEST(SuspendedStep, FailedTaskIsNotResumed) {
  int emitted = 0;
  std::string log;
  Fixture f({operator_of(Fixture::burst(100, emitted), log)}, 4);
  f.give(1);
  f.run();
  f.task->fail(aborted("from elsewhere"));
  drain(*f.out);
  const int before = emitted;
  f.run();
  EXPECT_EQ(emitted, before);
}

TEST(SuspendedStep, LaterExceptionNamesItsOperator) {
  std::string log;
  const auto pass =
      operator_of([](int record, const BodyOperator::Emit& emit) { emit(record); }, log);
  const auto throws_at_8 = operator_of(
      [](int record, const BodyOperator::Emit& emit) {
        if (record == 8) throw std::runtime_error("cannot digest 8");
        emit(record);
      },
      log);
  int emitted = 0;
  Fixture f({operator_of(Fixture::burst(100, emitted), log), throws_at_8, pass}, 4);
  f.give(1);
  for (int i = 0; i < 10; ++i) {
    f.run();
    drain(*f.out);
  }
  EXPECT_EQ(emitted, 8);
  EXPECT_EQ(f.log, "failed: operator 'op1' (uid 'uid1', subtask 0) threw: cannot digest 8 ");
}

TEST(SuspendedStep, WaitsForAChainedSinkThatRefuses) {
  int emitted = 0, taken = 0;
  std::vector<size_t> at_once;
  std::string log;
  Fixture f({operator_of(Fixture::burst(30, emitted), log),
             [&] { return std::make_unique<RefusingSink>(3, at_once, taken); }},
            4, true);
  f.give(1);
  f.run();
  EXPECT_EQ(taken, 3);
  EXPECT_EQ(emitted, 4);
  for (int i = 0; i < 20; ++i) {
    f.services.do_blocking_work(*f.task);
    f.run();
  }
  EXPECT_EQ(taken, 30);
  EXPECT_EQ(at_once, std::vector<size_t>(10, 3));
  EXPECT_TRUE(log.starts_with("continued ")) << log;
}

TEST(SuspendedStep, SuspendedTasksOfOneShardDrainOneAnother) {
  int emitted = 0;
  std::string log;
  Fixture first({operator_of(Fixture::burst(100, emitted), log)}, 2);
  Fixture second({operator_of(
                     [](int record, const BodyOperator::Emit& emit) {
                       for (int i = 0; i < 10; ++i) emit(record);
                     },
                     log)},
                 2, false, &first);
  first.give(1);
  std::string all;
  for (int i = 0; i < 3000; ++i) {
    second.task->step(MonotonicTime(0));
    first.task->step(MonotonicTime(0));
    if (i == 100) { EXPECT_LT(emitted, 20); }
    if (i >= 100) all += drain(*second.out, 1);
  }
  std::string expected;
  for (int i = 1; i <= 100; ++i) {
    for (int j = 0; j < 10; ++j) expected += std::to_string(i) + " ";
  }
  EXPECT_EQ(all, expected);
}

}  // namespace
}  // namespace weir
